/**
 * Node's timers, queues and clock, as they were when this library was loaded.
 *
 * Fake timers (`mock.timers` of `node:test`, `@sinonjs/fake-timers`, `vi.useFakeTimers()`) replace
 * the globals. A loop that took its turns from fakes would stand still. So nothing else
 * in the library uses the globals. For time that jumps there is `runVirtual()`.
 */
const node = globalThis;

export const setTimeout: typeof globalThis.setTimeout = node.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = node.clearTimeout;
export const setInterval: typeof globalThis.setInterval = node.setInterval;
export const clearInterval: typeof globalThis.clearInterval = node.clearInterval;
export const setImmediate: typeof globalThis.setImmediate = node.setImmediate;
export const queueMicrotask: typeof globalThis.queueMicrotask = node.queueMicrotask;

/** Node's `process.nextTick()`. */
export const nextTick: typeof process.nextTick = process.nextTick;

/** Milliseconds on a clock that never goes back: Node's `performance.now()`. */
export const now: () => number = performance.now.bind(performance);
