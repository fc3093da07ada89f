/** What an object does when its operations come one after the other: what {@link checkLinearizable} compares with. */
export interface SequentialModel<State, Call> {
  /** The state at the start. States are compared as JSON. */
  readonly initial: State;
  /**
   * What an operation does. Must not change the state that it is given.
   */
  apply(state: State, call: Call): Step<State>;
}

/** An operation of a {@link register}. */
export interface RegisterCall<T> {
  /** `swap` writes only where the value is `from`, and returns whether it did. */
  readonly op: 'read' | 'write' | 'swap';
  /** What is written. */
  readonly value?: T | undefined;
  /** What `swap` expects. */
  readonly from?: T | undefined;
}

/** An operation of a {@link queue}. */
export interface QueueCall<T> {
  /** `get` returns `null` where the queue is empty. */
  readonly op: 'put' | 'get';
  /** What is put. */
  readonly value?: T | undefined;
}

/** What an operation comes to. */
export interface Step<State> {
  /** The state after it. */
  readonly state: State;
  /** What it returns; left out where that does not matter. */
  readonly output?: unknown;
}

/** A model for `checkLinearizable()`: a variable that is read and written. */
export function register<T>(initial: T): SequentialModel<T, RegisterCall<T>> {
  return {
    initial,
    apply(state, call) {
      if (call.op === 'read') return { state, output: state };
      if (call.op === 'write') return { state: call.value as T };
      const swaps = JSON.stringify(state) === JSON.stringify(call.from);
      return { state: swaps ? (call.value as T) : state, output: swaps };
    },
  };
}

/** A model for `checkLinearizable()`: first in, first out. */
export function queue<T>(): SequentialModel<readonly T[], QueueCall<T>> {
  return {
    initial: [],
    apply(state, call) {
      if (call.op === 'put') return { state: [...state, call.value as T] };
      const [output = null, ...rest] = state;
      return { state: rest, output };
    },
  };
}
