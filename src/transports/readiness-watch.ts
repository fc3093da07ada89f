import { RuntimeError } from '../base/errors/errors.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { asyncContextHere } from '../core/context/async-context.ts';
import { copyValues, type Scope, scopeIn } from '../core/context/context.ts';
import { Handle } from '../core/turns/handle.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Endpoint, Ready } from '../sock/endpoint.ts';
import type { Socket } from '../sock/socket.ts';

/** What has the slots: an endpoint, or the end of a pipe. */
type Watchable = Pick<Endpoint, 'reader' | 'writer' | 'mayReceive'>;

/**
 * Does the work of a transport or a server on one side of its endpoint, in turns of the loop:
 * asyncio's reader or writer of a descriptor.
 *
 *           start()            told that it is ready
 *   idle ─────────────▶ waiting ────────────────────▶ queued
 *    ▲                     ▲    ◀────────────────────   │
 *    │                     └── its turn: no more ───────┤ ▲ its turn: there may be more
 *    └── stop(), from each of them                      └─┘
 *
 * A try acts in one turn, and the next try comes in the next: so one busy peer does not keep the
 * loop from the others. Where the endpoint knows that there is no more, it waits to be told.
 *
 * The slot is the transport's all its life, also while it is idle: nobody else may wait there.
 */
export class Watch implements Ready {
  /** The transport or server; texts name it. */
  readonly owner: object;
  /** What the owner is. */
  readonly kind: 'transport' | 'server';
  readonly #loop: LoopCore;
  readonly #endpoint: Watchable;
  readonly #side: 'reader' | 'writer';
  /** What the handle calls. */
  readonly #turn: () => void;
  /** In which the work runs. */
  readonly #asyncContext = asyncContextHere();
  /** Runs the work in the scope of the start, and catches what it throws; none while idle. */
  #handle: Handle | undefined;
  #queued = false;

  /**
   * Takes the slot, which must be free.
   *
   * @param name - what the work is called in reports
   * @param work - one try: may there be more to do (`true`), or would it block (`false`)?
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
      // Where the protocol throws, there may be more as well, of which nobody is told again.
      let more = true;
      try {
        more = work();
      } finally {
        if (more && (side === 'writer' || endpoint.mayReceive)) this.#queue();
      }
    });
    this.retake();
  }

  /** Does it watch? */
  get active(): boolean {
    return this.#handle !== undefined;
  }

  /**
   * Waits to be told: for who has just tried, and would have blocked.
   *
   * @param scope - where the work runs; by default in a copy of the context variables in force, and
   *   in the async context in which the watch was made
   */
  start(scope: Scope | undefined = scopeIn(copyValues(), this.#asyncContext)): void {
    this.#handle ??= new Handle(this.#turn, [], this.#loop, scope);
  }

  /** Tries in the next turn, without being told. */
  startTrying(scope?: Scope): void {
    this.start(scope);
    this.#queue();
  }

  /** Stops; a turn that is queued does nothing. */
  stop(): void {
    this.#handle?.cancel();
    this.#handle = undefined;
    this.#queued = false;
  }

  /** Takes the slot, again after {@link release}. */
  retake(): void {
    if (this.#side === 'reader') this.#endpoint.reader = this;
    else this.#endpoint.writer = this;
  }

  /** Stops, and leaves the slot. */
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
 * The refusal for whoever wants to wait where a transport does.
 *
 * @param waiting - who has the slot
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
 * Sees to it that nobody waits on a socket that a transport or a server is to have.
 *
 * @throws {RuntimeError} when another one has it, or an operation waits on it
 */
export function checkUnused(sock: Socket): void {
  const { reader, writer } = sock._endpoint;
  const waiting = reader ?? writer;
  if (waiting === undefined) return;
  throw transportRefusal(sock, waiting) ?? new RuntimeError(`an operation is waiting on ${sock}`);
}
