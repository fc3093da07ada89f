import { warnResource } from '../../base/log/warnings.ts';
import { printsAsText } from '../../base/printing/inspect.ts';

/**
 * A started generator, as its loop knows it. It does not refer to the object that the program
 * holds: once that is collected, nothing can continue the generator.
 */
export class OpenGenerator {
  static {
    printsAsText(this);
  }

  readonly name: string;
  readonly #generator: AsyncGenerator<unknown, unknown, unknown>;
  readonly #keeper: AsyncGenerators;
  /** Called when it has ended, or is being closed. */
  readonly #forgotten: (record: OpenGenerator) => void;

  constructor(
    name: string,
    generator: AsyncGenerator,
    keeper: AsyncGenerators,
    forgotten: (record: OpenGenerator) => void,
  ) {
    this.name = name;
    this.#generator = generator;
    this.#keeper = keeper;
    this.#forgotten = forgotten;
  }

  /** Has it neither ended, nor begun to close? */
  get isOpen(): boolean {
    return this.#keeper._open.has(this);
  }

  /** It has ended, or is being closed. */
  forget(): void {
    if (this.#keeper._open.delete(this)) this.#forgotten(this);
  }

  /** Nothing can continue it any more: its `finally` blocks still have to run. */
  collected(): void {
    if (!this.isOpen) return;
    this.forget();
    this.#keeper._close(this);
  }

  /** Runs its `finally` blocks, as part of the task that awaits this. */
  close(): Promise<IteratorResult<unknown>> {
    this.forget();
    return this.#generator.return(undefined);
  }

  toString(): string {
    return `<async_generator object ${this.name}>`;
  }
}

/** The open generators of a loop. */
export class AsyncGenerators {
  /** @internal started, and not ended */
  readonly _open = new Set<OpenGenerator>();
  /** @internal closes a generator whose object was collected */
  readonly _close: (generator: OpenGenerator) => void;
  /** Have they been closed? The loop is about to end. */
  #areShutDown = false;

  constructor(close: (generator: OpenGenerator) => void) {
    this._close = close;
  }

  /**
   * A generator starts.
   *
   * @param forgotten - called when it has ended, or is being closed
   */
  begin(
    name: string,
    generator: AsyncGenerator,
    forgotten: (record: OpenGenerator) => void,
  ): OpenGenerator {
    const open = new OpenGenerator(name, generator, this, forgotten);
    if (this.#areShutDown)
      warnResource(
        `asynchronous generator ${open} was scheduled after loop.shutdownAsyncgens() call`,
      );
    this._open.add(open);
    return open;
  }

  /** The open generators, for the caller to close. */
  shutDown(): OpenGenerator[] {
    this.#areShutDown = true;
    const left = [...this._open];
    this.clear();
    return left;
  }

  /** The loop is closed: nothing runs on it any more. */
  clear(): void {
    for (const open of this._open) open.forget();
  }
}
