/**
 * Node's timers, queues and clock, as they were when this library was loaded.
 *
 * Fake timers (`mock.timers` of `node:test`, `@sinonjs/fake-timers`, `vi.useFakeTimers()`) replace
 * the globals, and a loop that used them would stop. So no other file uses the globals. For virtual
 * time, see `runVirtual()`.
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

/** Monotonic time in milliseconds: Node's `performance.now()`. */
export const now: () => number = performance.now.bind(performance);
