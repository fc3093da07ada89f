import { DEBUG_STACK_DEPTH } from '../../base/constants.ts';
import {
  type SeeFrames,
  seeAwaiters,
  throwHere,
  throwIntoAwait,
} from '../../base/errors/await-stack.ts';
import { CancelledError, RuntimeError } from '../../base/errors/errors.ts';
import { userStack } from '../../base/stacks/capture.ts';
import type { Scope } from '../context/context.ts';
import { putAside, putBack } from '../context/promise-hooks.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import type { Runnable } from '../turns/ready-entry.ts';
import {
  type Awaiter,
  type AwaitingScope,
  type CancelRequest,
  seeCancel,
  type Waiting,
} from './awaiter.ts';
import { awaitBegins, awaitedNatively, forgetAsked, NativePromise } from './native-promise.ts';
import { Operation } from './operation.ts';

/** A flag: an `await` of it has started. */
const AWAITED = 1;
/** A flag: the promise is settled. */
const SETTLED = 2;
/** A flag: it is in the loop's heap of timers. */
const SCHEDULED = 4;
/** The first flag of a subclass. */
export const OWN_FLAGS = 8;

/** The promise whose rejection is being marked as handled, which is not an `await`. */
let muting: object | undefined;

/** The errors of operations that were cancelled before they were awaited. */
const earlyCancels = new WeakMap<object, unknown>();

/**
 * A native promise with the fields of a future. They are set by hand, because a class has only one
 * base class, and here that is the promise.
 */
class PromiseWithFields extends NativePromise {
  constructor(loop: LoopCore) {
    super();
    const fields = this as unknown as Record<string, unknown>;
    fields['_loop'] = loop;
    fields['_state'] = 'pending';
    fields['_result'] = undefined;
    fields['_flags'] = 0;
    fields['_scope'] = undefined;
    if (loop.getDebug()) fields['_sourceTraceback'] = userStack(DEBUG_STACK_DEPTH);
  }
}

Object.setPrototypeOf(PromiseWithFields.prototype, Operation.prototype);

// As in a future: fields that most operations never set.
Object.assign(PromiseWithFields.prototype, {
  _entries: undefined,
  _mustCancel: undefined,
  _cancelled: undefined,
  _purpose: undefined,
});

const OperationPromise: new <T>(loop: LoopCore) => Operation<T> =
  PromiseWithFields as unknown as new <T>(
    loop: LoopCore,
  ) => Operation<T>;

/**
 * An operation that V8 awaits as a native promise. Other uses, such as `then()` or
 * `Promise.race()`, work as for any future.
 *
 * Subclasses have to call {@link awaitedNatively}; otherwise they are awaited like any future.
 */
export class NativeOperation<T> extends OperationPromise<T> implements Waiting {
  declare private readonly _resolve: (value: unknown) => void;
  declare private readonly _reject: (reason: unknown) => void;
  /** @internal flags; subclasses use those from {@link OWN_FLAGS} on */
  declare _flags: number;
  /** @internal the scope of the first `await` */
  declare _scope: AwaitingScope | undefined;
  /** @internal set by a cancel of that `await` that came too late for this: throw it instead */
  declare _mustCancel: CancelRequest | undefined;
  /** @internal set by a cancel of that `await` that this has accepted */
  declare _cancelled: CancelRequest | undefined;
  // Needed for speed: otherwise V8 searches for a class with a constructor each time.
  constructor(loop: LoopCore) {
    super(loop);
  }

  /** @internal has an `await` of it started? */
  get _isAwaited(): boolean {
    return (this._flags & AWAITED) !== 0;
  }

  private get _settled(): boolean {
    return (this._flags & SETTLED) !== 0;
  }

  /** @internal for those that are timers */
  get _scheduled(): boolean {
    return (this._flags & SCHEDULED) !== 0;
  }

  set _scheduled(is: boolean) {
    this._flags = is ? this._flags | SCHEDULED : this._flags & ~SCHEDULED;
  }

  /** @internal what is awaited */
  get _future(): this {
    return this;
  }

  /** @internal what its turn wakes */
  override get _subject(): unknown {
    return this._scope?.task ?? super._subject;
  }

  /** @internal an `await` of it starts, in `scope` */
  [awaitBegins](scope: object | undefined): void {
    // A result is for all awaiters, so further `await`s of it may be native, too.
    if (this._settled && this._state === 'finished' && !this._failed) return;
    this._flags |= AWAITED;
    if (this._state !== 'pending') {
      // The promise is settled, or its turn is coming.
      if (muting === this) return;
      if (this._failed) this._see();
      if (this._settled) throwHere(this._failed ? this._exception : earlyCancels.get(this));
      return;
    }
    const within = (scope as Scope | undefined)?._awaitsIn as AwaitingScope | undefined;
    if (within === undefined) return;
    const { task } = within;
    if (task !== undefined && task._loop !== this._loop)
      this.refuse(new RuntimeError(`Task ${task} got Future ${this} attached to a different loop`));
    else {
      this._scope = within;
      within._enter(this);
      if (task === undefined) within._goesOnAlone(this);
    }
  }

  /**
   * @internal a `for await` over an array awaits it without a hook. In that case, a suspended function is
   * above it, and it counts as awaited in `scope`.
   */
  _wasAsked(scope: object | undefined): void {
    if (this._isAwaited || this._state !== 'pending') return;
    const aside = putAside();
    seeAwaiters(this._resolve, this._reject, (frames) => {
      if (this._isAwaited || this._state !== 'pending') return;
      if (frames.some((frame) => frame.isAsync())) this[awaitBegins](scope);
    });
    putBack(aside);
  }

  /** @internal */
  override _ask(awaiter: Awaiter): unknown {
    forgetAsked(this);
    return super._ask(awaiter);
  }

  /** @internal */
  override _tell(): void {
    if (this._isAwaited) this._loop._turns.soon(new Wake(this));
    else this.settle();
    super._tell();
  }

  /** @internal */
  override _tellNow(): void {
    this._wake();
    super._tellNow();
  }

  /** @internal its turn: resumes its awaiters */
  _wake(): void {
    const scope = this._scope;
    if (scope !== undefined) {
      scope._leave(this);
      this._scope = undefined;
      if (this._mustCancel !== undefined && this._state !== 'cancelled') {
        this._see();
        this._flags |= SETTLED;
        this.throw(new CancelledError(this._mustCancel.message), scope);
        return;
      }
    }
    this.settle(scope);
  }

  /** @param scope - of the first `await` */
  private settle(scope?: AwaitingScope): void {
    if (this._settled) return;
    this._flags |= SETTLED;
    if (this._state === 'finished' && !this._failed) {
      this._resolve(this._result);
      return;
    }
    if (this._isAwaited) {
      if (this._failed) this._see();
      this.throw(this._failed ? this._exception : this._makeCancelledError(), scope);
    } else {
      const error = this._failed ? this._exception : this._makeCancelledError();
      if (!this._failed) earlyCancels.set(this, error);
      // Nothing awaits it. We report it ourselves, so Node must not.
      this._reject(error);
      muting = this;
      Promise.prototype.then.call(this, undefined, () => {});
      muting = undefined;
    }
  }

  /** @internal see {@link Waiting} */
  _showWaiting(see: SeeFrames): void {
    seeAwaiters(this._resolve, this._reject, see);
  }

  private throw(error: unknown, scope: AwaitingScope | undefined): void {
    throwIntoAwait(this._resolve, this._reject, error, seeCancel(this, scope, error));
  }

  /** It cannot be awaited. */
  private refuse(error: Error): void {
    this._flags |= SETTLED;
    this._reject(error);
  }

  /** @internal */
  override _formEntries(): string[] {
    const forms = super._formEntries();
    if (this._scope !== undefined) forms.unshift('Task.task_wakeup()');
    return forms;
  }
}

awaitedNatively(NativeOperation);

/** An operation without a result that has finished already. */
export function finishedOperation(loop: LoopCore): Operation<void> {
  const operation = new NativeOperation<void>(loop);
  operation._finish(undefined);
  return operation;
}

/** The turn in which awaiters resume, if their operation finished outside its own turn. */
class Wake implements Runnable {
  readonly #operation: NativeOperation<unknown>;

  constructor(operation: NativeOperation<unknown>) {
    this.#operation = operation;
  }

  get _subject(): unknown {
    return this.#operation._subject;
  }

  _run(): void {
    this.#operation._wake();
  }
}
