import { DEBUG_STACK_DEPTH } from '../../base/constants.ts';
import { throwIntoAwait } from '../../base/errors/await-stack.ts';
import { RuntimeError } from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { userSite, userStack } from '../../base/stacks/capture.ts';
import { type CapturedStack, NONE_TAKEN, noteTaken } from '../../base/stacks/captured-stack.ts';
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
 * When the coroutine is awaited, its body runs as part of the awaiting task; when it is passed to
 * `createTask()`, it runs as a task of its own. It runs once. If it never runs, there is a warning
 * when it is collected.
 *
 * ```text
 *             await, createTask()
 *   created ──────────────────────▶ begun
 *      │
 *      └──────────────────────────▶ closed
 *                 close()
 * ```
 *
 * @see Python's coroutine objects,
 *   https://docs.python.org/3/reference/datamodel.html#coroutine-objects
 */
export class Coroutine<T> implements Promise<T> {
  static {
    printsAsText(this);
    // Rarely set fields are on the prototype, because a task keeps its coroutine as long as it
    // lives.
    Object.assign(this.prototype, { _origin: undefined, _record: undefined });
  }

  /** The name of the function that was called. */
  readonly name: string;
  /** @internal `file:line` where the function became a coroutine function; undefined for ours */
  readonly _site: string | undefined;
  /** @internal where it was called, in debug mode */
  declare _origin: readonly string[] | undefined;
  /** @internal the record for its warning, once it is watched */
  declare _record: NeverAwaitedRecord | undefined;
  /**
   * @internal the call; removed when it has started or was closed. Not `#private`: see
   *   `sync/waiting/call.ts`
   */
  _body: (() => unknown) | undefined;

  /** @internal created by the functions that {@link coroutine} returns */
  constructor(body: () => Promise<T>, name: string, site: string | undefined) {
    this._body = body;
    this.name = name;
    this._site = site;
    watchMade(this);
  }

  /** @internal neither started nor closed */
  get _untouched(): boolean {
    return this._body !== undefined;
  }

  /** @internal are its callers on the stack of what it throws? One of ours may fail in a callback. */
  get _showsCallers(): boolean {
    return this._site !== undefined;
  }

  /** @internal starts the body for the task of the current scope */
  _begin(): Promise<T> {
    return this._begun();
  }

  /** @internal starts the body in the current scope, and returns its result */
  _begun(): Promise<T> {
    try {
      const made = this._call() as Promise<T> | undefined;
      // Without types, functions may return anything.
      return typeof made?.then === 'function' ? made : Promise.resolve(made as T);
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

  /** Drops the call: the body will not run, and there is no warning. */
  close(): void {
    this._take();
  }

  /** Called by `await`: starts the body as part of the awaiting task. */
  // biome-ignore lint/suspicious/noThenProperty: a coroutine is awaited, so it has one
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as a promise's
    onRejected?: ((reason: any) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    const outer = noteTaken(NONE_TAKEN);
    const begun = this._begun();
    const taken = noteTaken(outer) as readonly CapturedStack[];
    const needsNoStack = taken === NONE_TAKEN && this._showsCallers;
    return needsNoStack || !isAwait(onFulfilled as () => unknown, onRejected)
      ? begun.then(onFulfilled, onRejected)
      : (begun.then(onFulfilled, showing(onFulfilled, onRejected, taken)) as Promise<R | E>);
  }

  /** Like a promise's `catch`. */
  // biome-ignore lint/suspicious/noExplicitAny: as a promise's
  catch<E = never>(onRejected?: ((reason: any) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this._begun().catch(onRejected);
  }

  /** Like a promise's `finally`. */
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

  /** @internal removes and returns the call; undefined if it was already taken */
  _take(): (() => unknown) | undefined {
    const body = this._body;
    this._body = undefined;
    forgetCoroutine(this);
    return body;
  }
}

/**
 * Returns a function that rejects an `await`. V8 calls `then`, so stacks `taken` while the body
 * starts lack the functions that await it: this adds them.
 */
function showing(
  resolve: unknown,
  reject: unknown,
  taken: readonly CapturedStack[],
): (error: unknown) => void {
  return (error) =>
    throwIntoAwait(resolve as () => void, reject as () => void, error, undefined, taken);
}

/** Sets up the reports of a new coroutine. */
export function watchMade(made: Coroutine<unknown>): void {
  if (runningLoop()?.getDebug()) made._origin = userStack(DEBUG_STACK_DEPTH);
  watchCoroutine(made);
}

/** A function whose calls are coroutines, as returned by {@link coroutine}. */
export type CoroutineFunction<This, A extends unknown[], T> = ((
  this: This,
  ...args: A
) => Coroutine<T>) & {
  /** @internal */
  readonly _isCoroutineFunction?: true;
};

/**
 * Converts an `async` function to a coroutine function: a call does not run it, but returns a
 * {@link Coroutine} to await, or to create a task from.
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
 * TypeScript's decorators cannot change types, so for TypeScript such a method still returns a
 * promise. Create a task with `createTask(() => client.get('/'))`.
 *
 * @param body - an `async` function; its name is the coroutine's
 * @param context - the decorator context
 * @throws {TypeError} when `body` is not a function, or it decorates anything but a method
 * @see Python's `async def`, https://docs.python.org/3/reference/compound_stmts.html#async-def
 */
export function coroutine<This, A extends unknown[], T>(
  body: (this: This, ...args: A) => Promise<T>,
  context?: unknown,
): CoroutineFunction<This, A, T> {
  checkDecorated('coroutine', context);
  if (typeof body !== 'function')
    throw typeError(`an async function was expected, got ${brief(body)}`);
  const name = body.name || '<anonymous>';
  // So that stacks show it: a cancel may be for the end of a task's body.
  if (body.name === '') Reflect.defineProperty(body, 'name', { value: name, configurable: true });
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
 * Is `value` a coroutine: a call of a function made by {@link coroutine}?
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
