import { ConnectionResetError } from '../base/errors/os-errors.ts';
import { outside } from '../core/context/async-context.ts';
import { finishedOperation } from '../core/futures/native-operation.ts';
import { Operation } from '../core/futures/operation.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Runnable } from '../core/turns/ready-entry.ts';

/** Waits until the protocol may write. */
class Drain extends Operation<void> implements Runnable {
  readonly #flow: WriteFlow;
  /** Is it its turn? Then the awaiting code resumes in this same turn. */
  #inTurn = false;

  constructor(loop: LoopCore, flow: WriteFlow) {
    super(loop._asOption);
    this.#flow = flow;
  }

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: 'StreamWriter.drain' };
  }

  /** @internal a turn has passed */
  _run(): void {
    if (this.done()) return;
    this.#inTurn = true;
    this.#flow._settle(this);
    this.#inTurn = false;
  }

  /** @internal */
  override _tell(): void {
    if (this.#inTurn) this._tellNow();
    else super._tell();
  }
}

/**
 * Tracks whether a stream may write, and what waits for that.
 *
 *             pause()                 connectionLost()
 *   flowing ──────────▶ paused      ──────────────────▶ lost
 *      ▲                   │
 *      └───── resume() ────┘
 *
 * @see asyncio's `FlowControlMixin`, `Lib/asyncio/streams.py`
 */
export class WriteFlow {
  readonly #loop: LoopCore;
  /** The shared result if there is no need to wait. */
  readonly #flowing: Operation<void>;
  #state: 'flowing' | 'paused' | 'lost' = 'flowing';
  #waiting: Drain[] | undefined;

  constructor(loop: LoopCore) {
    this.#loop = loop;
    this.#flowing = doneOn(loop);
  }

  /** Does too much data wait to be sent? */
  get paused(): boolean {
    return this.#state === 'paused';
  }

  pause(): void {
    if (this.#state === 'flowing') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'flowing';
    for (const drain of this.#leave()) drain._finish();
  }

  connectionLost(error: unknown): void {
    this.#state = 'lost';
    for (const drain of this.#leave())
      if (error === undefined) drain._finish();
      else drain._fail(error);
  }

  /** Done when there is room again, or the connection is gone. */
  drained(): Operation<void> {
    if (this.#state === 'flowing') return this.#flowing;
    const drain = new Drain(this.#loop, this);
    this._settle(drain);
    return drain;
  }

  /** Like {@link drained}, but checked in the next turn, when a closing connection is lost. */
  drainedNextTurn(): Operation<void> {
    const drain = new Drain(this.#loop, this);
    this.#loop._turns.soon(drain);
    return drain;
  }

  /** @internal finishes a drain, or lets it wait */
  _settle(drain: Drain): void {
    if (this.#state === 'flowing') drain._finish();
    else if (this.#state === 'paused') this.#wait(drain);
    else drain._fail(new ConnectionResetError('Connection lost'));
  }

  #wait(drain: Drain): void {
    if (this.#waiting === undefined) this.#waiting = [drain];
    else this.#waiting.push(drain);
  }

  #leave(): Drain[] {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    return waiting.filter((drain) => !drain.done());
  }
}

/** One for each loop, shared by all its streams. */
const done = new WeakMap<LoopCore, Operation<void>>();

function doneOn(loop: LoopCore): Operation<void> {
  let operation = done.get(loop);
  if (operation === undefined) {
    operation = outside(finishedOperation, loop);
    done.set(loop, operation);
  }
  return operation;
}
