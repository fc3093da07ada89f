import { RuntimeError } from '../base/errors/errors.ts';
import { type AsyncContext, asyncContextHere } from '../core/context/async-context.ts';
import { copyValues, type Scope, scopeIn } from '../core/context/context.ts';
import { Handle } from '../core/turns/handle.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Endpoint, Ready } from '../sock/endpoint/endpoint.ts';
import type { Socket } from '../sock/socket.ts';

/** The work to do while a side is ready: the same object for all transports of a kind. */
export interface Work<Owner extends object> {
  readonly side: 'reader' | 'writer';
  /** Its name in reports. */
  readonly name: string;
  /** Tries once; returns `true` if there may be more to do, `false` if it would block. */
  attempt(owner: Owner): boolean;
}

/** Something with slots: an endpoint, or the end of a pipe. */
type Watchable = Pick<Endpoint, 'reader' | 'writer' | 'mayReceive'>;

/**
 * Does the work of a transport or server on one side of its endpoint, in turns of the loop, like a
 * reader or writer callback in asyncio.
 *
 *           start()                 ready()
 *   idle ─────────────▶ waiting ────────────────────▶ queued
 *    ▲                     ▲    ◀────────────────────   │
 *    │                     └── its turn: no more ───────┤ ▲ its turn: there may be more
 *    └── stop(), from each of them                      └─┘
 *
 * Each try gets its own turn, so that a busy peer does not starve the others. If the endpoint knows
 * that there is no more, it waits to be called.
 *
 * The transport keeps the slot until it is closed, even while idle, so that nothing else waits there.
 */
export class Watch implements Ready {
  /** The transport or server, for error texts. */
  readonly owner: object;
  readonly #loop: LoopCore;
  readonly #endpoint: Watchable;
  readonly #work: Work<object>;
  /** Runs the work in the scope of `start()` and catches its errors; undefined while idle. */
  #handle: Handle | undefined;
  #queued = false;

  // Rarely set fields are in the prototype: each connection has two watches.

  /** The kind of the owner. */
  declare readonly kind: 'transport' | 'server';
  /** The async context in which the work runs. */
  declare private readonly asyncContext: AsyncContext | undefined;

  static {
    Object.assign(this.prototype, { kind: 'transport', asyncContext: undefined });
  }

  /** Takes the slot, which must be free. */
  constructor(
    owner: object,
    loop: LoopCore,
    endpoint: Watchable,
    work: Work<never>,
    kind: 'transport' | 'server' = 'transport',
  ) {
    this.owner = owner;
    this.#loop = loop;
    this.#endpoint = endpoint;
    this.#work = work as Work<object>;
    if (kind !== 'transport') this.kind = kind;
    const asyncContext = asyncContextHere();
    if (asyncContext !== undefined) this.asyncContext = asyncContext;
    this.retake();
  }

  /** @internal the name of the work in reports */
  get _name(): string {
    return this.#work.name;
  }

  /** @internal called by the handle */
  static readonly _takeTurn = (watch: Watch): void => {
    watch.#queued = false;
    const work = watch.#work;
    // If the protocol throws, there may be more, and nothing else would call again.
    let more = true;
    try {
      more = work.attempt(watch.owner);
    } finally {
      // Together, as if a poll had reported them: many peers may have sent more in the meantime.
      if (more && (work.side === 'writer' || watch.#endpoint.mayReceive)) watch.queue(true);
    }
  };

  /** Is it watching? */
  get active(): boolean {
    return this.#handle !== undefined;
  }

  /**
   * Waits to be called, after a try that would have blocked.
   *
   * @param scope - where the work runs; by default a copy of the current context variables, in the
   *   async context in which the watch was created
   */
  start(scope: Scope | undefined = scopeIn(copyValues(), this.asyncContext)): void {
    this.#handle ??= new WatchHandle(this, this.#loop, scope);
  }

  /** Tries in the next turn, without waiting to be called. */
  startTrying(scope?: Scope): void {
    this.start(scope);
    this.queue();
  }

  /** Stops watching; a queued turn does nothing. */
  stop(): void {
    this.#handle?.cancel();
    this.#handle = undefined;
    this.#queued = false;
  }

  /** Takes the slot again after {@link release}. */
  retake(): void {
    if (this.#work.side === 'reader') this.#endpoint.reader = this;
    else this.#endpoint.writer = this;
  }

  /** Stops watching, and frees the slot. */
  release(): void {
    this.stop();
    const { side } = this.#work;
    if (this.#endpoint[side] === this) this.#endpoint[side] = undefined;
  }

  ready(together = false): void {
    this.retake();
    this.queue(together);
  }

  private queue(together = false): void {
    if (this.#handle === undefined || this.#queued) return;
    this.#queued = true;
    if (together) this.#loop._turns.soonTogether(this.#handle);
    else this.#loop._turns.soon(this.#handle);
  }
}

/** The handle of a watch; it prints as the work. */
class WatchHandle extends Handle {
  constructor(watch: Watch, loop: LoopCore, scope: Scope | undefined) {
    super(Watch._takeTurn, [watch], loop, scope);
  }

  /** @internal */
  override _form(): string {
    return this._callback === undefined ? '' : `${(this._args as Watch)._name}()`;
  }
}

Object.defineProperty(WatchHandle, 'name', { value: Handle.name });

/**
 * The error for an operation that would have to wait on a transport's socket.
 *
 * @param waiting - what is in the slot
 */
export function transportRefusal(
  sock: Pick<Socket, 'fileno'>,
  waiting: Ready | undefined,
): RuntimeError | undefined {
  if (!(waiting instanceof Watch)) return undefined;
  const { kind, owner } = waiting;
  return new RuntimeError(`File descriptor ${sock.fileno()} is used by ${kind} ${owner}`);
}

/**
 * Checks that nothing waits on a socket that a transport or a server takes over.
 *
 * @throws {RuntimeError} when another one owns it, or an operation waits on it
 */
export function checkUnused(sock: Socket): void {
  const { reader, writer } = sock._endpoint;
  const waiting = reader ?? writer;
  if (waiting === undefined) return;
  throw transportRefusal(sock, waiting) ?? new RuntimeError(`an operation is waiting on ${sock}`);
}
