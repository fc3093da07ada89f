/** Defines how an object behaves without concurrency, for {@link checkLinearizable}. */
export interface SequentialModel<State, Call> {
  /** The initial state. States are compared as JSON. */
  readonly initial: State;
  /**
   * Applies an operation. Must not change the state that it receives.
   */
  apply(state: State, call: Call): Step<State>;
}

/** An operation of a {@link register}. */
export interface RegisterCall<T> {
  /** `swap` writes only if the value is `from`, and returns whether it did. */
  readonly op: 'read' | 'write' | 'swap';
  /** The value to write. */
  readonly value?: T | undefined;
  /** The value that `swap` expects. */
  readonly from?: T | undefined;
}

/** An operation of a {@link queue}. */
export interface QueueCall<T> {
  /** `get` returns `null` if the queue is empty. */
  readonly op: 'put' | 'get';
  /** The item to put. */
  readonly value?: T | undefined;
}

/** The outcome of an operation. */
export interface Step<State> {
  /** The state after it. */
  readonly state: State;
  /** What it returns; omitted if it does not matter. */
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

/** A model for `checkLinearizable()`: a first-in, first-out queue. */
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
