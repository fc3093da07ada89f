/** What an object does when its operations come one after the other: what {@link checkLinearizable} compares with. */
export interface SequentialModel<State, Call> {
  /** The state at the start. States are compared as JSON. */
  readonly initial: State;
  /**
   * What an operation does: the state after it, and what it returns. Leave `output` out where it does not matter.
   * Must not change the state that it is given.
   */
  apply(state: State, call: Call): { readonly state: State; readonly output?: unknown };
}

/** An operation of a {@link register}; `swap` writes only where the value is `from`, and returns whether it did. */
export type RegisterCall<T> =
  | { readonly op: 'read' }
  | { readonly op: 'write'; readonly value: T }
  | { readonly op: 'swap'; readonly from: T; readonly value: T };

/** An operation of a {@link queue}; `get` returns `null` where the queue is empty. */
export type QueueCall<T> = { readonly op: 'put'; readonly value: T } | { readonly op: 'get' };

/** A model for `checkLinearizable()`: a variable that is read and written. */
export function register<T>(initial: T): SequentialModel<T, RegisterCall<T>> {
  return {
    initial,
    apply(state, call) {
      if (call.op === 'read') return { state, output: state };
      if (call.op === 'write') return { state: call.value };
      const swaps = JSON.stringify(state) === JSON.stringify(call.from);
      return { state: swaps ? call.value : state, output: swaps };
    },
  };
}

/** A model for `checkLinearizable()`: first in, first out. */
export function queue<T>(): SequentialModel<readonly T[], QueueCall<T>> {
  return {
    initial: [],
    apply(state, call) {
      if (call.op === 'put') return { state: [...state, call.value] };
      const [output = null, ...rest] = state;
      return { state: rest, output };
    },
  };
}
