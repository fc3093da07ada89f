/**
 * `ASYNCIO_TEST_STORES=1` runs each test in a store of an `AsyncLocalStorage`, together with a user of
 * `async_hooks`, as in a traced program. Before Node 24, both replace V8's promise hooks with Node's.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

const isAsked = process.env['ASYNCIO_TEST_STORES'] === '1';

const storage = new AsyncLocalStorage<object>();

/** Open resources, as a tracer would record them. */
const resources = new Map<number, string>();

if (isAsked)
  createHook({
    init: (id, type) => void resources.set(id, type),
    before: () => {},
    after: () => {},
    promiseResolve: () => {},
    destroy: (id) => void resources.delete(id),
  }).enable();

/** Calls `scenario`, in its own store if that is requested. */
export function inStore<T>(scenario: () => T): T {
  return isAsked ? storage.run({}, scenario) : scenario();
}
