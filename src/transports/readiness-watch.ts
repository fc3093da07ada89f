import { RuntimeError } from '../base/errors/errors.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { asyncContextHere } from '../core/context/async-context.ts';
import { copyValues, type Scope, scopeIn } from '../core/context/context.ts';
import { Handle } from '../core/turns/handle.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Endpoint, Ready } from '../sock/endpoint/endpoint.ts';
import type { Socket } from '../sock/socket.ts';

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
 * The transport keeps the slot all its life, even while idle, so that nothing else waits there.
 */
export class Watch implements Ready {
  /** The transport or server, for error texts. */
  readonly owner: object;
  /** What the owner is. */
  readonly kind: 'transport' | 'server';
  readonly #loop: LoopCore;
  readonly #endpoint: Watchable;
  readonly #side: 'reader' | 'writer';
  /** What the handle calls. */
  readonly #turn: () => void;
  /** The async context in which the work runs. */
  readonly #asyncContext = asyncContextHere();
  /** Runs the work in the scope of `start()` and catches its errors; undefined while idle. */
  #handle: Handle | undefined;
  #queued = false;

  /**
   * Takes the slot, which must be free.
   *
   * @param name - the name of the work in reports
   * @param work - tries once; returns `true` if there may be more to do, `false` if it would block
   */
  constructor(
    owner: object,
    loop: LoopCore,
    endpoint: Watchable,
    side: 'reader' | 'writer',
    name: string,
    work: () => boolean,
    kind: 'transport' | 'server' = 'transport',
  ) {
    this.owner = owner;
    this.kind = kind;
    this.#loop = loop;
    this.#endpoint = endpoint;
    this.#side = side;
    this.#turn = calledAs(name, () => {
      this.#queued = false;
      // If the protocol throws, there may be more, and nothing else would call again.
      let more = true;
      try {
        more = work();
      } finally {
        if (more && (side === 'writer' || endpoint.mayReceive)) this.#queue();
      }
    });
    this.retake();
  }

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
  start(scope: Scope | undefined = scopeIn(copyValues(), this.#asyncContext)): void {
    this.#handle ??= new Handle(this.#turn, [], this.#loop, scope);
  }

  /** Tries in the next turn, without waiting to be called. */
  startTrying(scope?: Scope): void {
    this.start(scope);
    this.#queue();
  }

  /** Stops watching; a queued turn does nothing. */
  stop(): void {
    this.#handle?.cancel();
    this.#handle = undefined;
    this.#queued = false;
  }

  /** Takes the slot again after {@link release}. */
  retake(): void {
    if (this.#side === 'reader') this.#endpoint.reader = this;
    else this.#endpoint.writer = this;
  }

  /** Stops watching, and frees the slot. */
  release(): void {
    this.stop();
    if (this.#endpoint[this.#side] === this) this.#endpoint[this.#side] = undefined;
  }

  ready(together = false): void {
    this.retake();
    this.#queue(together);
  }

  #queue(together = false): void {
    if (this.#handle === undefined || this.#queued) return;
    this.#queued = true;
    if (together) this.#loop._turns.soonTogether(this.#handle);
    else this.#loop._turns.soon(this.#handle);
  }
}

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
