/** The form of a snapshot. It changes when a field changes its meaning or goes; new fields may come at any time. */
export const SNAPSHOT_VERSION = 1;

/** A function, and the line that it has come to. */
export interface FrameData {
  /** The function; `<anonymous>` where it has no name. */
  readonly name: string;
  /** A path or a URL, as V8 has it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** One `await` of a task that has not gone on. */
export interface WaitData {
  /** The operation, as a program calls it: `'Queue.get'`; none where it awaits a future or a task. */
  readonly operation?: string | undefined;
  /** What it waits for, in words: `'Queue.get on <Queue maxsize=0 _getters[1]>, 0 before it'`. */
  readonly words: string;
  /** For how long it has waited at least, in seconds: since a snapshot first showed it. */
  readonly seconds: number;
  /** The functions that wait, innermost first; empty where V8 does not tell. */
  readonly stack: readonly FrameData[];
  /** The tasks that it waits for: that it awaits, that are in its `gather()` or group, or that hold its lock. */
  readonly for: readonly number[];
}

/** A task that is not done. */
export interface TaskData {
  /** Unique in its thread; the number that its printed form has. */
  readonly id: number;
  /** Its name: by default `Task-N`. */
  readonly name: string;
  /**
   * - `scheduled`: it has not begun
   * - `running`: it is the task that took the snapshot
   * - `waiting`: it waits
   */
  readonly state: 'scheduled' | 'running' | 'waiting';
  /** For how long it has existed at least, in seconds: since a snapshot first showed it. */
  readonly age: number;
  /** How many cancels were requested and not withdrawn. */
  readonly cancelling: number;
  /**
   * Who cancelled it last: the name of a task, `'a limit'` such as `timeout()`, `'its group'`, `'Ctrl-C'`,
   * `'the end of run()'`, or `'a callback'`.
   */
  readonly cancelledBy?: string | undefined;
  /** What it runs. */
  readonly coroutine: {
    /** The function. */
    readonly name: string;
    /** Where it is defined, as `file:line`; known of functions made by `coroutine()` in debug mode. */
    readonly site?: string | undefined;
  };
  /**
   * What it waits for. More than one where it has branches, as under `Promise.all()`. Empty where it waits
   * for a promise that asyncio-ts did not create.
   */
  readonly waits: readonly WaitData[];
  /** The functions that wait for promises that asyncio-ts did not create: known while awaits are tracked. */
  readonly stack: readonly FrameData[];
  /** The tasks that wait for it. */
  readonly awaitedBy: readonly number[];
}

/** A callback that waits for its time. */
export interface TimerData {
  /** In how many seconds it is due; negative if it is late. */
  readonly in: number;
  /** What it calls, in printed form. */
  readonly callback: string;
}

/** A lock, semaphore, queue or the like for which a task waits. */
export interface PrimitiveData {
  /** Its printed form. */
  readonly words: string;
  /** The tasks that hold it, where that is known. */
  readonly heldBy: readonly number[];
  /** The tasks that wait for it. */
  readonly waiters: readonly number[];
}

/** A failure of a task or a future that nobody has seen. */
export interface FailureData {
  /** The printed form of what failed, at that time. */
  readonly words: string;
  /** What it failed with, as text. */
  readonly exception: string;
}

/** A pool of threads that has not been shut down. */
export interface ExecutorData {
  /** Its printed form. */
  readonly words: string;
  /** How many threads it has. */
  readonly threads: number;
  /** How many of them have nothing to do. */
  readonly idle: number;
  /** How many threads it may have. */
  readonly most: number;
  /** How many calls wait for a thread. */
  readonly waiting: number;
}

/** A server, or an open connection, pipe or child process. */
export interface TransportData {
  /** Unique in its thread, as long as it is open. */
  readonly id: number;
  /** Its printed form. */
  readonly words: string;
  /** The address of the peer. */
  readonly peername?: unknown;
  /** Its own address. */
  readonly sockname?: unknown;
  /** Of a server: how many connections it has. */
  readonly connections?: number | undefined;
  /** How many bytes were received; with TLS, encrypted ones. */
  readonly received?: number | undefined;
  /** How many bytes were sent; with TLS, encrypted ones. */
  readonly sent?: number | undefined;
  /** For how long it has carried no bytes at least, in seconds: since a snapshot first showed so many. */
  readonly idle?: number | undefined;
  /** Bytes that wait to be sent. */
  readonly unsent?: number | undefined;
  /** Is reading paused? */
  readonly paused?: boolean | undefined;
}

/** A loop that is not closed. */
export interface LoopData {
  /** Its printed form. */
  readonly words: string;
  /** Does it run? */
  readonly running: boolean;
  /** Is it in debug mode? */
  readonly debug: boolean;
  /** How many turns it has begun: two snapshots tell how many there are in a second. */
  readonly turns: number;
  /** How many callbacks are ready to run. */
  readonly ready: number;
  /** The locks, semaphores, queues and the like for which tasks wait. */
  readonly primitives: readonly PrimitiveData[];
  /** The failures that nobody has seen, except for those of the last milliseconds. */
  readonly failures: readonly FailureData[];
  /** The tasks that are not done. */
  readonly tasks: readonly TaskData[];
  /** The timers, the earliest first: at most 1,000. */
  readonly timers: readonly TimerData[];
  /** How many timers there are. */
  readonly timerCount: number;
  /** What is open on it: servers, connections, pipes and child processes. */
  readonly transports: readonly TransportData[];
}

/** What one thread of a process does at a moment. */
export interface Snapshot {
  /** The version of this form: 1. */
  readonly version: typeof SNAPSHOT_VERSION;
  /** When it was taken, in ISO 8601. */
  readonly at: string;
  /** Where it was taken. */
  readonly process: {
    /** The process. */
    readonly pid: number;
    /** 0 for the main thread. */
    readonly thread: number;
    /** The version of Node. */
    readonly node: string;
    /** How long the process runs, in seconds. */
    readonly uptime: number;
  };
  /** How busy the thread was since its start. */
  readonly busy: {
    /** How long it has computed, in seconds. */
    readonly active: number;
    /** How long it has waited for news of the system, in seconds. */
    readonly idle: number;
  };
  /** The pools of threads that calls are sent to. */
  readonly executors: readonly ExecutorData[];
  /** The loops of the thread that are not closed. */
  readonly loops: readonly LoopData[];
}

/** A snapshot has no more timers than these. */
export const MOST_TIMERS = 1000;

/** The version of what can be asked from outside of a process. */
export const AGENT_VERSION = 1;

/** A snapshot has no more failures of a loop than these. */
export const MOST_FAILURES = 100;
