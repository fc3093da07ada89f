import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks';

/**
 * Node's async context: the stores of all `AsyncLocalStorage`s, and what users of `async_hooks` know
 * as the execution resource.
 *
 * What runs later runs in the async context in which it was made, as with Node's own timers and
 * sockets. One turn of the loop runs the callbacks of many makers, so each of them keeps its own.
 *
 *             the first store is entered, or the first hook enabled
 *   unused ─────────────────────────────────────────────────────────▶ used
 *
 * While unused, nothing is kept, and nothing is paid: whatever is made then was made outside of any
 * store. Node does not say whether a store or a hook is in use. But the first use has to call one of
 * two methods, which tell us so, and from then on are Node's own again.
 */
export type AsyncContext = AsyncResource;

/** @internal the place in the drawing */
export let asyncContextsUsed = false;

/** Does a storage of ours begin? That is no use that counts. */
let beginsOurs = false;
const ourStorages = new WeakSet<object>();

type Methods = Record<string, (this: unknown, ...args: never[]) => unknown>;

/** Of Node 24 and later, whose storages know of no hooks: `run()` and all else call `enterWith()`. */
const storageMethods = AsyncLocalStorage.prototype as unknown as Methods;
/** Storages are built on hooks in Node 20 and 22. */
const hookMethods = Object.getPrototypeOf(createHook({})) as Methods;
const enterWith = storageMethods['enterWith'] as Methods[string];

/** Has the next call of a method tell us; where it cannot be replaced, every program may have called it. */
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

/** The stores in force; only on Node 24 and later, where they are a map from the storages. */
function frameOf(resource: AsyncResource): ReadonlyMap<object, unknown> | undefined {
  const key = symbolOf(resource, 'context_frame');
  return key && (resource as unknown as Record<symbol, ReadonlyMap<object, unknown>>)[key];
}

function symbolOf(resource: AsyncResource, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(resource).find((key) => key.description === description);
}

/** The context of callbacks that belong to nobody: without stores. */
const nobody = new AsyncResource('asyncio-ts');

/** Looks whether stores are in force that were entered before this module was loaded. */
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

/** The async context in force, to be kept for later; none while it is no matter. */
export function asyncContextHere(): AsyncContext | undefined {
  return asyncContextsUsed ? new AsyncResource('asyncio-ts') : undefined;
}

/**
 * Calls `callback` with `argument` in an async context that was kept.
 *
 * @param context - none: without stores, for none were in use when it would have been kept
 */
export function runInAsyncContext<A, R>(
  context: AsyncContext | undefined,
  callback: (argument: A) => R,
  argument: A,
): R {
  if (!asyncContextsUsed) return callback(argument);
  // Not in nobody's own: a store that the callback enters would stay in that for ever.
  const kept = context ?? outside(makeResource);
  return kept.runInAsyncScope(callback, undefined, argument);
}

function makeResource(): AsyncResource {
  return new AsyncResource('asyncio-ts');
}

/** Calls one of Node's functions so that what it makes belongs to nobody, and keeps no store alive. */
export function outside<A extends unknown[], R>(callback: (...args: A) => R, ...args: A): R {
  return nobody.runInAsyncScope(callback, undefined, ...args);
}

/** A storage for ourselves: programs that have no other one have no stores to keep. */
export function makeOwnStorage<T>(): AsyncLocalStorage<T | undefined> {
  const storage = new AsyncLocalStorage<T | undefined>();
  ourStorages.add(storage);
  Object.defineProperty(storage, 'enterWith', { value: enterWith });
  beginOwnStorage(storage);
  return storage;
}

/** Begins it, or begins it again. */
export function beginOwnStorage<T>(storage: AsyncLocalStorage<T | undefined>): void {
  beginsOurs = true;
  try {
    // Node begins with the first store.
    storage.enterWith(undefined);
  } finally {
    beginsOurs = false;
  }
}

/** Ends it, until it begins again. On Node 24 and later, it costs nothing. */
export function endOwnStorage<T>(storage: AsyncLocalStorage<T>): void {
  if ('enabled' in storage) storage.disable();
}
