/** The version of the snapshot format. It changes if a field changes its meaning or is removed, not if one is added. */
export const SNAPSHOT_VERSION = 1;

/** A function, and its current line. */
export interface FrameData {
  /** The function; `<anonymous>` if it has no name. */
  readonly name: string;
  /** A path or a URL, as given by V8. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A pending `await` of a task. */
export interface WaitData {
  /** The operation, such as `'Queue.get'`; `undefined` if it awaits a future or a task. */
  readonly operation?: string | undefined;
  /** What it waits for, in words: `'Queue.get on <Queue maxsize=0 _getters[1]>, 0 before it'`. */
  readonly words: string;
  /** How long it has waited, at least, in seconds: since a snapshot first showed it. */
  readonly seconds: number;
  /** The functions that wait, innermost first; empty if V8 does not know them. */
  readonly stack: readonly FrameData[];
  /** The tasks that it waits for: those it awaits, those in its `gather()` or group, or the holder of its lock. */
  readonly for: readonly number[];
  /** Is it enough if one of these continues? */
  readonly any?: boolean | undefined;
  /** The seconds until a limit, such as `timeout()`, ends it. */
  readonly limit?: number | undefined;
}

/** A task that is not done. */
export interface TaskData {
  /** A number that is unique in its thread, as in its printed form. */
  readonly id: number;
  /** Its name: by default `Task-N`. */
  readonly name: string;
  /**
   * - `scheduled`: it has not started
   * - `running`: it took the snapshot
   * - `waiting`: it waits
   */
  readonly state: 'scheduled' | 'running' | 'waiting';
  /** How long it has existed, at least, in seconds: since a snapshot first showed it. */
  readonly age: number;
  /** The number of cancels that were requested and not withdrawn. */
  readonly cancelling: number;
  /**
   * What cancelled it last: the name of a task, `'a limit'` such as `timeout()`, `'its group'`, `'a task group'`
   * that it runs, `'Ctrl-C'`, `'the end of run()'`, or `'a callback'`.
   */
  readonly cancelledBy?: string | undefined;
  /** The function it runs. */
  readonly coroutine: {
    /** The function. */
    readonly name: string;
    /** Where it is defined, as `file:line`; only known for functions made by `coroutine()` in debug mode. */
    readonly site?: string | undefined;
  };
  /**
   * What it waits for. More than one if it has branches, as in `Promise.all()`. Empty if it waits for a promise that
   * asyncio-ts did not create.
   */
  readonly waits: readonly WaitData[];
  /** The functions that wait for promises that asyncio-ts did not create; only known if awaits are tracked. */
  readonly stack: readonly FrameData[];
  /** The tasks that wait for it. */
  readonly awaitedBy: readonly number[];
}

/** A scheduled callback. */
export interface TimerData {
  /** In how many seconds it is due; negative if it is late. */
  readonly in: number;
  /** What it calls, in printed form. */
  readonly callback: string;
}

/** A lock, semaphore, queue or other primitive that a task waits for. */
export interface PrimitiveData {
  /** Its printed form. */
  readonly words: string;
  /** The tasks that hold it, if known. */
  readonly heldBy: readonly number[];
  /** The tasks that wait for it. */
  readonly waiters: readonly number[];
}

/** A failure of a task or future that has not been retrieved. */
export interface FailureData {
  /** The printed form of the task or future when it failed. */
  readonly words: string;
  /** The error, as text. */
  readonly exception: string;
}

/** A pool of threads that has not been shut down. */
export interface ExecutorData {
  /** Its printed form. */
  readonly words: string;
  /** How many threads it has. */
  readonly threads: number;
  /** How many of them are idle. */
  readonly idle: number;
  /** Its maximum number of threads. */
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
  /** For a server: its number of connections. */
  readonly connections?: number | undefined;
  /** The number of bytes received; with TLS, after encryption. */
  readonly received?: number | undefined;
  /** The number of bytes sent; with TLS, after encryption. */
  readonly sent?: number | undefined;
  /** How long nothing was sent or received, at least, in seconds: since a snapshot first showed these numbers. */
  readonly idle?: number | undefined;
  /** The number of bytes that wait to be sent. */
  readonly unsent?: number | undefined;
  /** Is reading paused? */
  readonly paused?: boolean | undefined;
}

/** A loop that is not closed. */
export interface LoopData {
  /** Its printed form. */
  readonly words: string;
  /** Is it running? */
  readonly running: boolean;
  /** Is it in debug mode? */
  readonly debug: boolean;
  /** How many turns it has started. Two snapshots give the turns per second. */
  readonly turns: number;
  /** The number of callbacks that are ready to run. */
  readonly ready: number;
  /** The locks, semaphores, queues and other primitives that tasks wait for. */
  readonly primitives: readonly PrimitiveData[];
  /** The failures that have not been retrieved, except those of the last few milliseconds. */
  readonly failures: readonly FailureData[];
  /** The tasks that are not done. */
  readonly tasks: readonly TaskData[];
  /** The timers, the earliest first: at most 1,000. */
  readonly timers: readonly TimerData[];
  /** The number of timers. */
  readonly timerCount: number;
  /** Its open servers, connections, pipes and child processes. */
  readonly transports: readonly TransportData[];
}

/** A snapshot of one thread of a process. */
export interface Snapshot {
  /** The version of the format: 1. */
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
    /** How long the process has been running, in seconds. */
    readonly uptime: number;
  };
  /** How busy the thread has been since its start. */
  readonly busy: {
    /** How long it has been busy, in seconds. */
    readonly active: number;
    /** How long it has been waiting for events, in seconds. */
    readonly idle: number;
  };
  /** The thread pools. */
  readonly executors: readonly ExecutorData[];
  /** The loops of the thread that are not closed. */
  readonly loops: readonly LoopData[];
}

/** The maximum number of timers in a snapshot. */
export const MOST_TIMERS = 1000;

/** What a task waits for, if that is not ours. */
export const FOREIGN = 'a promise that asyncio-ts did not create';

/** The version of the protocol for requests from outside the process. */
export const AGENT_VERSION = 2;

/** The maximum number of failures per loop in a snapshot. */
export const MOST_FAILURES = 100;
