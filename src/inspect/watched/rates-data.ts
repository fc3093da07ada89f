/** The time taken by a task, or by callbacks of one name. */
export interface SpentData {
  readonly name: string;
  /** Is it a task? */
  readonly task: boolean;
  readonly steps: number;
  /** In total. */
  readonly seconds: number;
  /** The longest step, in seconds. */
  readonly longest: number;
}

/** What a thread has done in an interval. */
export interface Rates {
  readonly pid: number;
  /** 0 for the main thread. */
  readonly thread: number;
  readonly node: string;
  readonly uptime: number;
  /** The length of the interval, in seconds. */
  readonly seconds: number;
  /** The share of it in which the thread was busy. */
  readonly busy: number;
  readonly turns: number;
  /** The time of all steps of the turn that took longest, in seconds. */
  readonly longestTurn: number;
  /** Received by sockets and pipes. */
  readonly read: { readonly times: number; readonly bytes: number };
  /** Sent by them. */
  readonly write: { readonly times: number; readonly bytes: number };
  readonly tasks: number;
  readonly ready: number;
  /** The number of servers, connections, pipes and child processes. */
  readonly open: number;
  /** What took the most time, in descending order. */
  readonly spent: readonly SpentData[];
}
