import { Coroutine } from '../core/coroutine.ts';

/**
 * A call of a primitive that most often has nothing to wait for: a coroutine, so that nothing is
 * taken, put or counted before it is awaited, or its task begins. A cancel before that loses
 * nothing; and who forgets the `await` is warned.
 *
 * Its body is no `async` function: it gives a waiter where it has to wait, and a promise that is
 * fulfilled already, mostly one for all calls, where it has not.
 */
export class Call<T> extends Coroutine<T> {
  /** @param name - what reports call it: `'Lock.acquire'` */
  constructor(body: () => Promise<T>, name: string) {
    super(body, name, undefined);
  }

  /** What `await` calls: whoever awaits the call waits for the waiter itself. */
  // biome-ignore lint/suspicious/noThenProperty: a coroutine is awaited, so it has one
  override then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as a promise's
    onRejected?: ((reason: any) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return super._begin().then(onFulfilled, onRejected);
  }

  /** @internal for a task, which waits only for what its code awaits */
  override _begin(): Promise<T> {
    return awaited(super._begin());
  }
}

async function awaited<T>(begun: Promise<T>): Promise<T> {
  return await begun;
}

/** What a call gives that had nothing to wait for. */
export const YES: Promise<true> = Promise.resolve(true);

/** What a call gives that had nothing to wait for, and has nothing to say. */
export const DONE: Promise<void> = Promise.resolve();
