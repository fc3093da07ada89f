import { DEBUG_STACK_DEPTH } from '../../base/constants.ts';
import { throwIntoAwait } from '../../base/errors/await-stack.ts';
import { errorsMade, RuntimeError } from '../../base/errors/errors.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { userSite, userStack } from '../../base/stacks/capture.ts';
import { isAwait } from '../futures/awaiter.ts';
import {
  forgetCoroutine,
  type NeverAwaitedRecord,
  watchCoroutine,
} from '../reports/never-awaited.ts';
import { runningLoop } from '../turns/running-loop.ts';
import { checkDecorated } from './decorated-method.ts';

/**
 * A call of an `async` function that has not started.
 *
 * Its body does not run until the coroutine is awaited, and then runs as part of the
 * awaiting task, or is given to `createTask()`, and then runs as its own task.
 * It runs once. If it never runs, there is a warning when it is collected.
 *
 *             await, createTask()
 *   created ──────────────────────▶ begun
 *      │
 *      └──────────────────────────▶ closed
 *                 close()
 *
 * @see Python's coroutine objects,
 *   https://docs.python.org/3/reference/datamodel.html#coroutine-objects
 */
export class Coroutine<T> implements Promise<T> {
  static {
    printsAsText(this);
    // What few of them ever set: a task keeps its coroutine for as long as it lives.
    Object.assign(this.prototype, { _origin: undefined, _record: undefined });
  }

  /** The name of the function that was called. */
  readonly name: string;
  /** @internal `file:line` where the function became a coroutine function */
  readonly _site: string | undefined;
  /** @internal where the call was, in debug mode */
  declare _origin: readonly string[] | undefined;
  /** @internal the record for its warning, once it is watched */
  declare _record: NeverAwaitedRecord | undefined;
  /** @internal the call; gone when it has begun or was closed. Not `#`: see `sync/waiting/call.ts` */
  _body: (() => unknown) | undefined;

  /** @internal made by the functions that {@link coroutine} returns */
  constructor(body: () => Promise<T>, name: string, site: string | undefined) {
    this._body = body;
    this.name = name;
    this._site = site;
    watchMade(this);
  }

  /** @internal neither begun nor closed */
  get _untouched(): boolean {
    return this._body !== undefined;
  }

  /** @internal begins the body for the task whose scope is in force */
  _begin(): Promise<T> {
    return this._begun();
  }

  /** @internal begins the body, in the scope that is in force: what it gives */
  _begun(): Promise<T> {
    try {
      return this._call() as Promise<T>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @internal calls the body, the first time */
  _call(): unknown {
    const body = this._take();
    if (body === undefined) throw new RuntimeError('cannot reuse already awaited coroutine');
    return body();
  }

  /** Abandons the call: the body will not run, and there is no warning. */
  close(): void {
    this._take();
  }

  /** What `await` calls: begins the body, as part of the task that awaits. */
  // biome-ignore lint/suspicious/noThenProperty: a coroutine is awaited, so it has one
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as a promise's
    onRejected?: ((reason: any) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    const before = errorsMade();
    const begun = this._begun();
    return errorsMade() === before || !isAwait(onFulfilled as () => unknown, onRejected)
      ? begun.then(onFulfilled, onRejected)
      : (begun.then(onFulfilled, showing(onFulfilled, onRejected)) as Promise<R | E>);
  }

  /** As a promise's `catch`. */
  // biome-ignore lint/suspicious/noExplicitAny: as a promise's
  catch<E = never>(onRejected?: ((reason: any) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this._begun().catch(onRejected);
  }

  /** As a promise's `finally`. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this._begun().finally(onFinally);
  }

  /** `'Coroutine'` */
  get [Symbol.toStringTag](): string {
    return 'Coroutine';
  }

  /** `<coroutine object NAME>` */
  toString(): string {
    return `<coroutine object ${this.name}>`;
  }

  /** @internal the call, for the one who begins it; none when there was one */
  _take(): (() => unknown) | undefined {
    const body = this._body;
    this._body = undefined;
    forgetCoroutine(this);
    return body;
  }
}

/**
 * What rejects an `await`, where an error of ours was made while the body began. Then nobody was on
 * the stack: V8 called `then`.
 */
function showing(resolve: unknown, reject: unknown): (error: unknown) => void {
  return (error) => throwIntoAwait(resolve as () => void, reject as () => void, error);
}

/** Sees to the reports of a coroutine that was just made. */
export function watchMade(made: Coroutine<unknown>): void {
  if (runningLoop()?.getDebug()) made._origin = userStack(DEBUG_STACK_DEPTH);
  watchCoroutine(made);
}

/** A function whose calls are coroutines; what {@link coroutine} makes. */
export type CoroutineFunction<This, A extends unknown[], T> = ((
  this: This,
  ...args: A
) => Coroutine<T>) & {
  /** @internal */
  readonly _isCoroutineFunction?: true;
};

/**
 * Makes a coroutine function from an `async` function: a call runs nothing yet, but returns a
 * {@link Coroutine} to await or to make a task of.
 *
 * Reports show the place of this call as the definition of the function.
 *
 * It is also a standard method decorator:
 *
 * ```ts
 * class Client {
 *   @asyncio.coroutine
 *   async get(path: string): Promise<string> {
 *     await asyncio.sleep(1);
 *     return path;
 *   }
 * }
 * ```
 *
 * For TypeScript, whose decorators cannot change types, such a method still returns a promise. So make a task
 * with `createTask(() => client.get('/'))`.
 *
 * @param body - an `async` function; its name is the coroutine's
 * @param context - the decorator context
 * @throws {TypeError} when `body` is not a function, or it decorates anything but a method
 * @see Python's `async def`,
 *   https://docs.python.org/3/reference/compound_stmts.html#async-def
 */
export function coroutine<This, A extends unknown[], T>(
  body: (this: This, ...args: A) => Promise<T>,
  context?: unknown,
): CoroutineFunction<This, A, T> {
  checkDecorated('coroutine', context);
  if (typeof body !== 'function')
    throw new TypeError(`an async function was expected, got ${brief(body)}`);
  const name = body.name || '<anonymous>';
  const site = userSite();
  function call(this: This, ...args: A): Coroutine<T> {
    return new Coroutine(() => body.apply(this, args), name, site);
  }
  Object.defineProperties(call, {
    name: { value: name, configurable: true },
    length: { value: body.length, configurable: true },
    _isCoroutineFunction: { value: true },
  });
  return call;
}

/**
 * Is `value` a coroutine, a lazy call that {@link coroutine} makes?
 *
 * @see asyncio's `iscoroutine()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.iscoroutine
 */
export function iscoroutine(value: unknown): value is Coroutine<unknown> {
  return value instanceof Coroutine;
}

/** Is `value` a function made by {@link coroutine}? A plain `async` function is not. */
export function iscoroutinefunction(value: unknown): boolean {
  return typeof value === 'function' && '_isCoroutineFunction' in value;
}
