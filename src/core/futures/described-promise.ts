import { seeAwaiters } from '../../base/errors/await-stack.ts';
import type { Scope } from '../context/context.ts';
import type { AwaitingScope, Waiting } from './awaiter.ts';
import { awaitBegins } from './native-promise.ts';
import type { WaitDescription } from './wait-description.ts';

/** The awaits of {@link describedPromise}s, by task; those of settled ones are removed at the next await. */
const awaits = new WeakMap<object, Waiting[]>();

/** Like `new Promise(begin)`, but snapshots describe its awaits. Cancels do not reach it. */
export function describedPromise<T>(
  begin: (resolve: (value: T | PromiseLike<T>) => void, reject: (reason: unknown) => void) => void,
  describe: () => WaitDescription,
): Promise<T> {
  const future = { isSettled: false, _describe: describe };
  let showWaiting: Waiting['_showWaiting'] | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    showWaiting = (see) => seeAwaiters(resolve, reject, see);
    const settleBy =
      <V>(settle: (value: V) => void) =>
      (value: V): void => {
        future.isSettled = true;
        settle(value);
      };
    begin(settleBy(resolve), settleBy(reject));
  });
  Reflect.defineProperty(promise, awaitBegins, {
    value: (scope: Scope | undefined) => {
      const within = scope?._awaitsIn as AwaitingScope | undefined;
      if (within?.task === undefined || future.isSettled) return;
      const wait: object = { _future: future, _scope: within, _showWaiting: showWaiting };
      awaits.set(within.task, [...describedAwaits(within.task), wait as Waiting]);
    },
    configurable: true,
  });
  return promise;
}

/** The pending awaits of {@link describedPromise}s in a task, and calls of `then()`, for which no functions wait. */
export function describedAwaits(task: object): Waiting[] {
  const isPending = ({ _future }: Waiting): boolean =>
    !(_future as { isSettled?: boolean }).isSettled;
  return awaits.get(task)?.filter(isPending) ?? [];
}
