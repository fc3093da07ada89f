import { runInNewContext } from 'node:vm';
import { onCollectionRequest, pendingCollectionRequests } from '../../base/collection-requests.ts';
import {
  COLLECTION_BURST_MS,
  COLLECTION_DELAY_MS,
  COLLECTION_MS_PER_MB,
  COLLECTION_PAUSE_MS,
  COLLECTION_REST_MS,
  COLLECTION_SHARE,
  COLLECTION_SHARE_URGENT,
} from '../../base/constants.ts';
import { v8 } from '../../base/node-modules.ts';
import { now } from '../../base/node-timers.ts';
import { chore } from '../turns/host.ts';

/**
 * Has V8 begin a garbage collection while there is something to report, or to close, once it is
 * collected.
 *
 * CPython counts references, and reports a lost failure at once. V8 may take hours in a server that has
 * nothing to do. So whoever has something to report asks for a collection (`base/collection-requests.ts`).
 * One begins soon after, for all requests. It must be a full one: only then do finalizers run.
 *
 *            a request                       the time is up
 *   at rest ───────────▶ waiting ──────────────────────────────▶ prods V8, and waits again
 *      ▲                                                         while requests are pending:
 *      └── none is pending, or too many collections found        each wait is twice the last
 *          nothing
 *
 * The program must not stand still for it: `gc()` would stop it for 2 ms a megabyte. So V8 is not
 * forced but prodded. It begins its own collection, which marks in threads beside the program and in
 * small steps, and ends with a short pause. It is forced only where descriptors run out and the heap is
 * small: clients may come faster than V8 collects.
 *
 * Collections take a bounded share of the time: after one that took d, the next waits until 100·d have
 * passed. A few may come in a row, on credit. Urgent ones have a share of their own, without credit.
 */

let enabled = process.env['ASYNCIO_COLLECTOR'] !== 'off';
/** What V8 calls `gc`, looked for once; {@link prod} where there is none. */
let force = (): void => {
  force = findCollect() ?? prod;
  force();
};
/** Forgets the collection that is waited for. */
let forget: (() => void) | undefined;
/** When the one that is waited for comes, in milliseconds on the clock of `performance`. */
let comesAt = Number.POSITIVE_INFINITY;
/** The time up to which the share is used up; as far as the burst reaches, it may lie ahead. */
let usedUpTo = 0;
/** The time up to which the share of the urgent ones is used up. */
let urgentUsedUpTo = 0;
/** Milliseconds to the next one, if there is no new request. */
let restMs = COLLECTION_DELAY_MS;
/** Was an urgent collection asked for? */
let asked = false;
let listening = false;

/** Begins to listen to requests. Every loop calls this; only the first call counts. */
export function startCollector(): void {
  if (listening) return;
  listening = true;
  onCollectionRequest((urgent) => {
    if (!enabled) return;
    restMs = COLLECTION_DELAY_MS;
    asked ||= urgent;
    if (urgent) scheduleAt(Math.max(now(), urgentUsedUpTo));
    else schedule(COLLECTION_DELAY_MS);
  });
}

/**
 * Switches the garbage collections on or off that the library asks for. Off, lost failures are
 * reported when V8 collects by itself, and when the process ends. The environment's `ASYNCIO_COLLECTOR=off` is
 * the same from the start.
 */
export function setCollectorEnabled(value: boolean): void {
  enabled = Boolean(value);
  if (!enabled) unschedule();
}

/** Are garbage collections asked for when a failure was lost? */
export function isCollectorEnabled(): boolean {
  return enabled;
}

function schedule(delayMs: number): void {
  const earned = usedUpTo - COLLECTION_BURST_MS / COLLECTION_SHARE;
  scheduleAt(Math.max(now() + delayMs, earned));
}

function scheduleAt(at: number): void {
  if (at >= comesAt) return;
  unschedule();
  comesAt = at;
  forget = chore(Math.max(1, at - now()), run);
}

function unschedule(): void {
  forget?.();
  forget = undefined;
  comesAt = Number.POSITIVE_INFINITY;
}

function run(): void {
  unschedule();
  if (pendingCollectionRequests() === 0 && !asked) return;
  const urgent = asked;
  asked = false;
  const begin = now();
  let cost = (v8().getHeapStatistics().used_heap_size / 1e6) * COLLECTION_MS_PER_MB;
  if (urgent && cost <= COLLECTION_PAUSE_MS) {
    force();
    cost = now() - begin;
  } else prod();
  if (urgent) urgentUsedUpTo = begin + cost / COLLECTION_SHARE_URGENT;
  else usedUpTo = Math.max(usedUpTo, begin) + cost / COLLECTION_SHARE;
  restMs *= 2;
  if (pendingCollectionRequests() > 0 && restMs < COLLECTION_REST_MS) schedule(restMs);
}

/**
 * Bytes of a buffer at which V8 begins a collection: when all buffers have grown by 64 MB since the
 * last, it does.
 */
const PROD_BYTES = 72 * 1024 * 1024;

/** Makes V8 begin a full collection, unless one is under way. */
function prod(): void {
  try {
    // No byte of it is ever touched, so the system gives no memory for it.
    new ArrayBuffer(PROD_BYTES);
  } catch {
    // No such block of addresses is free: V8 has collected all it can before it said so.
  }
}

/** V8's `gc`, which is not for everybody. */
function findCollect(): (() => void) | undefined {
  if (typeof globalThis.gc === 'function') return () => void globalThis.gc?.();
  try {
    v8().setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    v8().setFlagsFromString('--no-expose-gc');
    return typeof gc === 'function' ? () => void gc() : undefined;
  } catch {
    // Another engine, or one that was locked down.
    return undefined;
  }
}
