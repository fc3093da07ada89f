import { typeError } from '../../base/errors/refusals.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { Collected } from '../reports/collected.ts';
import type { OpenGenerator } from '../turns/open-generators.ts';
import { runningLoop } from '../turns/running-loop.ts';
import { checkDecorated } from './decorated-method.ts';

const abandoned = new Collected<TrackedGenerator<never, never, never>, OpenGenerator>({
  matters: (generator) => generator._record?.isOpen ?? false,
  record: (generator) => generator._record as OpenGenerator,
  report: (record, ending) => {
    if (!ending) record.collected();
  },
});

/** Not a closure of a generator, because a record must not refer to it. */
const forget = (record: OpenGenerator): void => abandoned.forget(record);

/** A generator that its loop knows from its first to its last step. */
class TrackedGenerator<T, R, N> implements AsyncGenerator<T, R, N> {
  static {
    printsAsText(this);
  }

  readonly #name: string;
  readonly #generator: AsyncGenerator<T, R, N>;
  /** The loop's record of it, once it has started. */
  _record: OpenGenerator | undefined;
  #ended = false;

  constructor(name: string, generator: AsyncGenerator<T, R, N>) {
    this.#name = name;
    this.#generator = generator;
  }

  next(...value: [] | [N]): Promise<IteratorResult<T, R>> {
    this.#begin();
    return this.#watch(this.#generator.next(...value));
  }

  return(value: R | PromiseLike<R>): Promise<IteratorResult<T, R>> {
    return this.#watch(this.#generator.return(value));
  }

  throw(error: unknown): Promise<IteratorResult<T, R>> {
    return this.#watch(this.#generator.throw(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return(undefined as R);
  }

  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator';
  }

  toString(): string {
    return `<async_generator object ${this.#name}>`;
  }

  #begin(): void {
    if (this._record !== undefined || this.#ended) return;
    const loop = runningLoop();
    if (loop === undefined) return;
    this._record = loop._asyncgens.begin(this.#name, this.#generator as AsyncGenerator, forget);
    abandoned.add(this as unknown as TrackedGenerator<never, never, never>);
  }

  /** Only this `async` function awaits the step, so V8 shows who awaits it above what the generator awaits. */
  async #watch(step: Promise<IteratorResult<T, R>>): Promise<IteratorResult<T, R>> {
    try {
      const result = await step;
      if (result.done) this.#end();
      return result;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end(): void {
    this.#ended = true;
    this._record?.forget();
    this._record = undefined;
  }
}

/**
 * Converts an `async function*` to one whose generators are closed if they are left open.
 *
 * `run()` closes them at its end, and a collected one is closed, too. Their `finally` blocks run
 * then.
 *
 * `for await` closes a generator that it leaves early, with or without this. But nothing closes one
 * that is read with `next()`, or awaited in a `Promise.race()`.
 *
 * Unlike in Python, generators of other functions are not closed. See
 * docs/differences.md#generators-left-open.
 *
 * It is also a standard method decorator: `@asyncio.asyncgen async *lines() { … }`.
 *
 * @typeParam F - the type of the function
 * @param body - an `async function*`; its name is the generators'
 * @param context - the decorator context
 * @throws {TypeError} when `body` is not an async generator function, or it decorates anything but
 *   a method
 * @see Python's asynchronous generators,
 *   https://docs.python.org/3/reference/expressions.html#asynchronous-generator-functions
 */
export function asyncgen<
  // biome-ignore lint/suspicious/noExplicitAny: any parameters and items
  F extends (this: any, ...args: any[]) => AsyncGenerator<unknown, unknown, any>,
>(body: F, context?: unknown): F {
  checkDecorated('asyncgen', context);
  if (typeof body !== 'function' || OTHER_FUNCTIONS.has(kindOf.call(body)))
    throw typeError(`an async generator function was expected, got ${brief(body)}`);
  const name = body.name || '<anonymous>';
  function call(this: ThisParameterType<F>, ...args: Parameters<F>): AsyncGenerator {
    const generator = body.apply(this, args);
    if (typeof Object(generator)[Symbol.asyncIterator] !== 'function')
      throw typeError(`${name}() must return an async generator, got ${brief(generator)}`);
    return new TrackedGenerator(name, generator);
  }
  return Object.defineProperties(call as unknown as F, {
    name: { value: name, configurable: true },
    length: { value: body.length, configurable: true },
  });
}

const kindOf = Object.prototype.toString;

/**
 * Functions that never return an async generator. One that does may be a plain function, such as a
 * compiler's.
 */
const OTHER_FUNCTIONS: ReadonlySet<string> = new Set([
  '[object AsyncFunction]',
  '[object GeneratorFunction]',
]);
