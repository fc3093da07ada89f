import type { Context } from '../context/context.ts';
import type { AwaitingTask, Waiting } from '../futures/awaiter.ts';
import { Future } from '../futures/future.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { CancelScope, cancelAwait } from './cancel-scope.ts';
import { Cancel } from './kept/cancel.ts';
import { CancelPath } from './kept/cancel-path.ts';
import { type LeftCalls, noteLeft } from './left-calls.ts';
import { cancelScope } from './self-cancel.ts';

/** The scope of a whole task. */
export class RootScope extends CancelScope implements LeftCalls {
  /** The task, or its loop once the task is done: promises hold their scope, and must not hold the task. */
  #owner: AwaitingTask | LoopCore;

  constructor(context: Context | undefined, task: AwaitingTask) {
    super(context);
    this.#owner = task;
  }

  override get _root(): CancelScope {
    return this;
  }

  override get task(): AwaitingTask | undefined {
    return this.#owner instanceof Future ? (this.#owner as AwaitingTask) : undefined;
  }

  override get _ownLoop(): LoopCore {
    return this.#owner instanceof Future ? this.#owner._loop : (this.#owner as LoopCore);
  }

  override get _bodyName(): string | undefined {
    const { _coroutine: body } = (this.task ?? {}) as { _coroutine?: { readonly name: string } };
    return body?.name.replace(/^(bound )+/, ''); // V8 names the function that was bound
  }

  /** @internal the task is done */
  _end(): void {
    this.#owner = this._ownLoop;
    if (this._isAwaiting) this._noteLeft();
  }

  override _goesOnAlone(awaiter: Waiting): void {
    if (!this._ownLoop.isClosed()) this._noteLeft();
    else cancelAwait(awaiter, new Cancel(this));
  }

  /** @internal if the body waits for a foreign promise in the meantime, its own next `await` throws, too */
  override _missesBody(cancel: Cancel): void {
    this._missed = cancel;
    this._ownLoop._turns.soon({ _run: () => this._lookForBody(cancel), _subject: this.task });
  }

  // Not `#private`, because private methods cost each object a field.

  private _lookForBody(cancel: Cancel): void {
    const isOver = this.task === undefined || this._requests === 0 || cancel._reachesBody;
    if (!isOver && this._isAwaiting) {
      const forget = this._onLeave(() => {
        forget();
        this._missesBody(cancel);
      });
      return;
    }
    this._missed = undefined;
    if (isOver) return;
    this._pend(cancel);
    this.task?._watchCancel();
  }

  private _noteLeft(): void {
    const forgetLeft = noteLeft(this._ownLoop, this);
    if (forgetLeft === undefined) return;
    const forget = this._onLeave(() => {
      if (this._isAwaiting) return;
      forget();
      forgetLeft();
    });
  }

  /** @internal see {@link LeftCalls} */
  _cancelLeft(): void {
    if (this._requests > 0) {
      this._cancelFloating();
      return;
    }
    this._requests += 1;
    cancelScope(this);
  }

  /**
   * After an earlier cancel: cancels `await`s that no function waits for, and leaves clean-up code
   * alone.
   */
  private _cancelFloating(): void {
    for (const awaiter of this._listAwaits())
      awaiter._showWaiting((frames) => {
        if (CancelPath.of(frames).line.length === 0 && this._listAwaits().includes(awaiter))
          cancelAwait(awaiter, new Cancel(this));
      });
  }

  /** @internal see {@link LeftCalls} */
  _describeAwaits(): string {
    return this._listAwaits()
      .map(({ _future }) => String(_future))
      .join(', ');
  }
}
