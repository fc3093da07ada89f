/** What a task, or callbacks of one name, have taken. */
export interface SpentData {
  readonly name: string;
  /** Is it a task? */
  readonly task: boolean;
  readonly steps: number;
  /** In all. */
  readonly seconds: number;
  /** The longest step, in seconds. */
  readonly longest: number;
}

/** What a thread has done in a while. */
export interface Rates {
  readonly pid: number;
  /** 0 for the main thread. */
  readonly thread: number;
  readonly node: string;
  readonly uptime: number;
  /** How long the while was. */
  readonly seconds: number;
  /** The share of it in which the thread has computed. */
  readonly busy: number;
  readonly turns: number;
  /** The time of all steps of the turn that took longest, in seconds. */
  readonly longestTurn: number;
  /** What its sockets and pipes have received. */
  readonly read: { readonly times: number; readonly bytes: number };
  /** What they have sent. */
  readonly write: { readonly times: number; readonly bytes: number };
  readonly tasks: number;
  readonly ready: number;
  /** Servers, connections, pipes and child processes. */
  readonly open: number;
  /** What took most of the time, the most first. */
  readonly spent: readonly SpentData[];
}
