import { promiseHooks } from 'node:v8';

/**
 * One thing that is in force for a piece of code, and is carried along its every `await`.
 *
 * Node's `AsyncLocalStorage` does this and more: it follows timers, sockets and all else. On Node
 * 20 and 22 it hooks into everything for that, at 2 µs for each message of an echo server, as much
 * as all the rest of two awaits. Here three small hooks follow promises, and nothing else:
 *
 *   a promise is made      it notes what is in force: an `await` makes one, too
 *   it is about to go on   what it noted is in force
 *   it has gone on         nothing is
 */
let inForce: object | undefined;

/** Under this a promise keeps what it noted. */
const NOTE = Symbol('asyncio-ts');

type Noting = { [NOTE]?: object | undefined };

const hooks = {
  init(promise: object): void {
    if (inForce !== undefined) (promise as Noting)[NOTE] = inForce;
  },
  before(promise: object): void {
    inForce = (promise as Noting)[NOTE];
  },
  after(): void {
    inForce = undefined;
  },
};

let hooked = false;

/** What is in force; nothing where nobody called {@link carry}. */
export function carried(): object | undefined {
  return inForce;
}

/** Calls `callback` with `args`, and has `thing` in force in it and wherever it goes on. */
export function carry<A extends unknown[], R>(
  thing: object | undefined,
  callback: (...args: A) => R,
  ...args: A
): R {
  if (!hooked) {
    hooked = true;
    promiseHooks.createHook(hooks);
  }
  const before = inForce;
  inForce = thing;
  try {
    return callback(...args);
  } finally {
    inForce = before;
  }
}
