import { warnResource } from '../../base/log/warnings.ts';
import { printsAsText } from '../../base/printing/inspect.ts';

/**
 * A generator that has begun and not ended, as its loop knows it. It does not lead back to the
 * object that the program holds: when that is collected, nobody can go on with it.
 */
export class OpenGenerator {
  static {
    printsAsText(this);
  }

  readonly name: string;
  readonly #generator: AsyncGenerator<unknown, unknown, unknown>;
  readonly #keeper: AsyncGenerators;
  /** Is told when it has ended, or is being closed. */
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

  /** Is it neither ended nor being closed? */
  get isOpen(): boolean {
    return this.#keeper._open.has(this);
  }

  /** It has ended, or is being closed. */
  forget(): void {
    if (this.#keeper._open.delete(this)) this.#forgotten(this);
  }

  /** Nobody can go on with it any more: its `finally` runs yet. */
  collected(): void {
    if (!this.isOpen) return;
    this.forget();
    this.#keeper._close(this);
  }

  /** Runs its `finally`, as part of the task that awaits this. */
  close(): Promise<IteratorResult<unknown>> {
    this.forget();
    return this.#generator.return(undefined);
  }

  toString(): string {
    return `<async_generator object ${this.name}>`;
  }
}

/** The generators of a loop that were left open. */
export class AsyncGenerators {
  /** @internal begun, and not ended */
  readonly _open = new Set<OpenGenerator>();
  /** @internal closes one whose object was collected */
  readonly _close: (generator: OpenGenerator) => void;
  /** Were they closed once? The loop is about to end. */
  #areShutDown = false;

  constructor(close: (generator: OpenGenerator) => void) {
    this._close = close;
  }

  /**
   * One begins.
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

  /** Those that are open, for somebody who closes them. */
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
