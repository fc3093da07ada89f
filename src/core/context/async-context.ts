import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks';
import { putAside, putBack } from './promise-hooks.ts';

/**
 * Node's async context: the stores of all `AsyncLocalStorage`s, and the execution resource of
 * `async_hooks`.
 *
 * Callbacks run in the async context in which they were created, as with Node's own timers and
 * sockets. One turn of the loop runs callbacks from many contexts, so each of them keeps its own.
 *
 *             the first store is entered, or the first hook enabled
 *   unused ─────────────────────────────────────────────────────────▶ used
 *
 * While unused, nothing is kept and there is no cost, because everything is created outside any
 * store. Node does not tell whether a store or a hook is in use. But the first use has to call one
 * of two methods; these notify us, and are Node's own again from then on.
 */
export type AsyncContext = AsyncResource;

/** @internal the state in the diagram */
export let asyncContextsUsed = false;

/** Is a storage of ours starting? That does not count as use. */
let beginsOurs = false;
const ourStorages = new WeakSet<object>();

type Methods = Record<string, (this: unknown, ...args: never[]) => unknown>;

/**
 * Node 24 and later, where storages do not use hooks: `run()` and everything else calls
 * `enterWith()`.
 */
const storageMethods = AsyncLocalStorage.prototype as unknown as Methods;
/** In Node 20 and 22, storages are built on hooks. */
const hookMethods = Object.getPrototypeOf(createHook({})) as Methods;
const enterWith = storageMethods['enterWith'] as Methods[string];

/**
 * Notifies us of the next call of a method. If it cannot be replaced, assume it has been called.
 */
function tellOfFirst(methods: Methods, name: string): void {
  const original = methods[name] as Methods[string];
  function first(this: unknown, ...args: never[]): unknown {
    if (!beginsOurs) {
      asyncContextsUsed = true;
      if (methods[name] === first) Reflect.set(methods, name, original);
    }
    return original.apply(this, args);
  }
  if (!Reflect.set(methods, name, first)) asyncContextsUsed = true;
}

/** Was a hook enabled before this was loaded? Then promises have ids. */
function areHooksEnabled(): boolean {
  return Object.getOwnPropertySymbols(Promise.resolve()).length > 0;
}

/** The current stores; only on Node 24 and later, where they are a map by storage. */
function frameOf(resource: AsyncResource): ReadonlyMap<object, unknown> | undefined {
  const key = symbolOf(resource, 'context_frame');
  return key && (resource as unknown as Record<symbol, ReadonlyMap<object, unknown>>)[key];
}

function symbolOf(resource: AsyncResource, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(resource).find((key) => key.description === description);
}

/** The context for callbacks of the library itself: without stores. */
const nobody = new AsyncResource('asyncio-ts');

/** Checks whether stores are in force that were entered before this module was loaded. */
export function lookForAsyncContexts(): void {
  if (asyncContextsUsed) return;
  const frame = frameOf(new AsyncResource('asyncio-ts'));
  for (const storage of frame?.keys() ?? [])
    if (!ourStorages.has(storage)) asyncContextsUsed = true;
}

asyncContextsUsed = areHooksEnabled();
lookForAsyncContexts();
if (!asyncContextsUsed) {
  tellOfFirst(storageMethods, 'enterWith');
  tellOfFirst(hookMethods, 'enable');
}
for (const key of Object.getOwnPropertySymbols(nobody))
  if (key.description === 'context_frame' || key.description === 'kResourceStore')
    (nobody as unknown as Record<symbol, unknown>)[key] = undefined;

/** The current async context, to keep for later; undefined while unused. */
export function asyncContextHere(): AsyncContext | undefined {
  return asyncContextsUsed ? new AsyncResource('asyncio-ts') : undefined;
}

/**
 * Calls `callback` with `argument` in a kept async context.
 *
 * @param context - `undefined` for one without stores, because none were in use at the time
 */
export function runInAsyncContext<A, R>(
  context: AsyncContext | undefined,
  callback: (argument: A) => R,
  argument: A,
): R {
  if (!asyncContextsUsed) return callback(argument);
  // A new one each time, because a store that the callback enters would stay in a shared one
  // forever.
  const kept = context ?? outside(makeResource);
  return kept.runInAsyncScope(callback, undefined, argument);
}

function makeResource(): AsyncResource {
  return new AsyncResource('asyncio-ts');
}

/**
 * Calls a function outside any async context and scope, so that what it creates, such as promises
 * and Node's handles, keeps no store and no task alive.
 */
export function outside<A extends unknown[], R>(callback: (...args: A) => R, ...args: A): R {
  const aside = putAside();
  try {
    return nobody.runInAsyncScope(callback, undefined, ...args);
  } finally {
    putBack(aside);
  }
}

/** A storage for the library itself, which does not count as use. */
export function makeOwnStorage<T>(): AsyncLocalStorage<T | undefined> {
  const storage = new AsyncLocalStorage<T | undefined>();
  ourStorages.add(storage);
  Object.defineProperty(storage, 'enterWith', { value: enterWith });
  beginOwnStorage(storage);
  return storage;
}

/** Starts it, or restarts it. */
export function beginOwnStorage<T>(storage: AsyncLocalStorage<T | undefined>): void {
  beginsOurs = true;
  try {
    // Node starts with the first store.
    storage.enterWith(undefined);
  } finally {
    beginsOurs = false;
  }
}

/** Stops it, until it is restarted. On Node 24 and later, it costs nothing. */
export function endOwnStorage<T>(storage: AsyncLocalStorage<T>): void {
  if ('enabled' in storage) storage.disable();
}
