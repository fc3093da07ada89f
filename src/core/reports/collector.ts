import {
  onCollectionRequest,
  onManyBuffers,
  pendingCollectionRequests,
} from '../../base/collection-requests.ts';
import {
  COLLECTION_BURST_MS,
  COLLECTION_DELAY_MS,
  COLLECTION_MS_PER_MB,
  COLLECTION_PAUSE_MS,
  COLLECTION_REST_MS,
  COLLECTION_SHARE,
  COLLECTION_SHARE_URGENT,
  COLLECTION_SHARE_YOUNG,
} from '../../base/constants.ts';
import { lazily, v8, vm } from '../../base/node-modules.ts';
import { now } from '../../base/node-timers.ts';
import { chore } from '../turns/host.ts';

/**
 * Makes V8 start a garbage collection while there are objects to report, or to close, once they are
 * collected.
 *
 * CPython counts references, and reports a lost failure immediately. V8 may take hours in an idle
 * server. So objects with something to report request a collection (`base/collection-requests.ts`).
 * One starts soon after, for all requests. It must be a full one: only then do finalizers run.
 *
 *            a request                       the time is up
 *   at rest ───────────▶ waiting ──────────────────────────────▶ prods V8, and waits again
 *      ▲                                                         while requests are pending:
 *      └── none is pending, or too many collections found        each wait is twice the last
 *          nothing
 *
 * A forced `gc()` would stop the program for 2 ms per megabyte. So V8 is only prodded to start its
 * own collection, which marks concurrently and in small steps, and ends with a short pause. One is
 * forced only if descriptors run out and the heap is small, because clients may come faster than V8
 * collects.
 *
 * Collections take a bounded share of the time: after one that took d, the next waits until 100·d
 * have passed. A few may follow in a row, on credit. Urgent ones have a share of their own, without
 * credit.
 *
 * A server that receives large messages creates little but buffers. V8 does not count them when it
 * decides on a young collection, which would free them for next to nothing: it waits until 64 MB of
 * them are there, and then starts a full collection each time. These were a third of what a message
 * of 100,000 bytes cost on Node 24 and 26. So a young one is forced before that.
 */

let enabled = process.env['ASYNCIO_COLLECTOR'] !== 'off';
/** V8's `gc`, looked up once; {@link prod} if unavailable. */
let force = (): void => {
  force = gc() ?? prod;
  force();
};
/** The same for a young collection; nothing if unavailable. */
let forceYoung = (): void => {
  const collect = gc();
  forceYoung = () => collect?.({ type: 'minor' });
  forceYoung();
};
/** Until when the share of young collections is used up. */
let youngUsedUpTo = 0;
/** Cancels the pending collection. */
let forget: (() => void) | undefined;
/** When the pending collection is due, in milliseconds on the clock of `performance`. */
let comesAt = Number.POSITIVE_INFINITY;
/** Until when the share is used up; it may be ahead by the length of a burst. */
let usedUpTo = 0;
/** Until when the urgent share is used up. */
let urgentUsedUpTo = 0;
/** Milliseconds to the next collection, if there is no new request. */
let restMs = COLLECTION_DELAY_MS;
/** Was an urgent collection requested? */
let asked = false;
let listening = false;

/** Starts listening for requests. Every loop calls this; only the first call has an effect. */
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
  onManyBuffers(() => {
    const begin = now();
    if (!enabled || begin < youngUsedUpTo) return;
    forceYoung();
    youngUsedUpTo = begin + (now() - begin) / COLLECTION_SHARE_YOUNG;
  });
}

/**
 * Turns the garbage collections that the library requests on or off. When off, lost failures are
 * reported when V8 collects by itself, and when the process ends. The environment variable
 * `ASYNCIO_COLLECTOR=off` turns them off from the start.
 */
export function setCollectorEnabled(value: boolean): void {
  enabled = Boolean(value);
  if (!enabled) unschedule();
}

/** Does the library request garbage collections? */
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
  forget = chore(Math.max(1, at - now()), runCollector);
}

function unschedule(): void {
  forget?.();
  forget = undefined;
  comesAt = Number.POSITIVE_INFINITY;
}

function runCollector(): void {
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
 * The size of a buffer that makes V8 start a collection: it does so when buffers have grown by 64
 * MB since the last one.
 */
const PROD_BYTES = 72 * 1024 * 1024;

/** Makes V8 start a full collection, unless one is in progress. */
function prod(): void {
  try {
    // No byte of it is touched, so the system provides no memory for it.
    new ArrayBuffer(PROD_BYTES);
  } catch {
    // No such block of addresses is free: V8 collected all it could before it failed.
  }
}

type Collect = (options?: { readonly type: 'minor' }) => void;

/** V8's `gc`, which is normally hidden; looked up once. */
const gc = lazily(findCollect);

function findCollect(): Collect | undefined {
  if (typeof globalThis.gc === 'function')
    return (options) => void (globalThis.gc as Collect | undefined)?.(options);
  try {
    v8().setFlagsFromString('--expose-gc');
    const gc: unknown = vm().runInNewContext('gc');
    v8().setFlagsFromString('--no-expose-gc');
    return typeof gc === 'function' ? (gc as Collect) : undefined;
  } catch {
    // Another engine, or a locked-down one.
    return undefined;
  }
}
