import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  COLLECTION_BURST_MS,
  COLLECTION_DELAY_MS,
  COLLECTION_REST_MS,
  COLLECTION_SHARE,
  COLLECTION_SHARE_URGENT,
} from '../base/constants.ts';
import { onSuspectedGarbage, suspects } from '../base/garbage.ts';
import { now } from '../base/node-timers.ts';
import { chore } from './host.ts';

/**
 * Asks for garbage collections while there is something to report, or to close, once it is
 * collected.
 *
 * CPython reports a lost failure at once: it counts references. V8 may take hours, in a server
 * that has nothing to do for ever. So whoever has such a thing says so (`base/garbage.ts`), and
 * a collection comes soon after, one for all. It must be a full one: finalizers do not run after
 * the others.
 *
 *            a suspicion                      the time is up
 *   at rest ─────────────▶ waiting ──────────────────────────────▶ collects, and waits again
 *      ▲                                                           while there are suspects: each
 *      └── none is left, or too many collections found nothing     wait is twice the last
 *
 * Its share of the time is bounded: a collection that took d uses up the share of 100·d. A few may
 * come in a row, on credit; then each waits until the share has been earned. Those that are
 * urgent have a share of their own, without credit.
 */

let enabled = process.env['ASYNCIO_COLLECTOR'] !== 'off';
/** What V8 calls `gc`, looked for once; `false` where there is none. */
let collect: (() => void) | false | undefined;
/** Forgets the collection that is waited for. */
let forget: (() => void) | undefined;
/** When the one that is waited for comes, in milliseconds on the clock of `performance`. */
let comesAt = Number.POSITIVE_INFINITY;
/** The time up to which the share is used up; as far as the burst reaches, it may lie ahead. */
let usedUpTo = 0;
/** The time up to which the share of the urgent ones is used up. */
let urgentUsedUpTo = 0;
/** Milliseconds to the next one, if there is no new suspicion. */
let restMs = COLLECTION_DELAY_MS;
/** Did somebody ask for a collection who is no suspect? */
let asked = false;
let listening = false;

/** Begins to listen to suspicions; every loop does it, and the first one counts. */
export function startCollector(): void {
  if (listening) return;
  listening = true;
  onSuspectedGarbage((urgent) => {
    if (!enabled) return;
    restMs = COLLECTION_DELAY_MS;
    asked ||= urgent;
    if (urgent) scheduleAt(Math.max(now(), urgentUsedUpTo));
    else schedule(COLLECTION_DELAY_MS);
  });
}

/**
 * Switches the asked-for garbage collections on or off. Off, lost failures are reported when V8
 * collects by itself, and when the process ends. The environment's `ASYNCIO_COLLECTOR=off` is
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
  if (suspects() === 0 && !asked) return;
  const urgent = asked;
  asked = false;
  collect ??= findCollect();
  if (collect === false) return;
  const begin = now();
  collect();
  const took = now() - begin;
  if (urgent) urgentUsedUpTo = begin + took / COLLECTION_SHARE_URGENT;
  else usedUpTo = Math.max(usedUpTo, begin) + took / COLLECTION_SHARE;
  restMs *= 2;
  if (suspects() > 0 && restMs < COLLECTION_REST_MS) schedule(restMs);
}

/** V8's `gc`, which is not for everybody, or `false`. */
function findCollect(): (() => void) | false {
  if (typeof globalThis.gc === 'function') return () => void globalThis.gc?.();
  try {
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
    return typeof gc === 'function' ? () => void gc() : false;
  } catch {
    // Another engine, or one that was locked down: then V8's own collections must do.
    return false;
  }
}
