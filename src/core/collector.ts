import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { COLLECTION_DELAY_MS, COLLECTION_REST_MS, COLLECTION_SHARE } from '../base/constants.ts';
import { onSuspectedGarbage } from '../base/garbage.ts';
import { chore } from './host.ts';

/**
 * Asks for garbage collections while there is something to report, or to close, once it is
 * collected.
 *
 * CPython reports a lost failure at once: it counts references. V8 may take hours, in a server
 * that has nothing to do for ever. So whoever has such a thing wishes for a collection, and it
 * comes soon after, for all wishes in one. It must be a full one: finalizers do not run after
 * the others.
 *
 *            a wish                       the time is up
 *   at rest ────────▶ waiting ─────────────────────────────────▶ collects, then waits again:
 *                                       the wish may not have come true, if something still
 *                                       refers to the object. Each wait is twice the last
 *
 * Its share of the time is bounded: a collection that took d is not repeated before 100·d.
 */

let enabled = process.env['ASYNCIO_COLLECTOR'] !== 'off';
/** Is what V8 calls `gc`; looked for once. `false` where there is none. */
let collect: (() => void) | false | undefined;
/** Forgets the collection that is waited for. */
let forget: (() => void) | undefined;
/** When the waiting one comes, in milliseconds on the clock of `performance`. */
let comesAt = Number.POSITIVE_INFINITY;
/** Before this time, none may come. */
let notBefore = 0;
/** Milliseconds until the next one, if nobody has a new wish. */
let rest = COLLECTION_DELAY_MS;

/** Says that a collection would set free something that waits to be reported or closed. */
export function wishCollection(): void {
  if (!enabled) return;
  rest = COLLECTION_DELAY_MS;
  schedule(COLLECTION_DELAY_MS);
}

/**
 * Switches the asked-for garbage collections on or off. Off, lost failures are reported when V8
 * collects by itself, and when the process ends. The environment's `ASYNCIO_COLLECTOR=off` is
 * the same from the start.
 */
export function setCollectorEnabled(value: boolean): void {
  enabled = value;
  if (!value) unschedule();
}

/** Are garbage collections asked for when a failure was lost? */
export function isCollectorEnabled(): boolean {
  return enabled;
}

onSuspectedGarbage((urgent) => {
  if (!urgent || !enabled) wishCollection();
  else {
    unschedule();
    rest = COLLECTION_DELAY_MS;
    schedule(0);
  }
});

function schedule(delayMs: number): void {
  const now = performance.now();
  const at = Math.max(now + delayMs, notBefore);
  if (at >= comesAt) return;
  forget?.();
  comesAt = at;
  forget = chore(Math.max(1, at - now), run);
}

function unschedule(): void {
  forget?.();
  forget = undefined;
  comesAt = Number.POSITIVE_INFINITY;
}

function run(): void {
  unschedule();
  collect ??= findCollect();
  if (collect === false) return;
  const begin = performance.now();
  collect();
  const took = performance.now() - begin;
  notBefore = begin + took / COLLECTION_SHARE;
  rest = Math.min(rest * 2, COLLECTION_REST_MS);
  if (rest < COLLECTION_REST_MS) schedule(rest);
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
