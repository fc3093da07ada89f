/**
 * `ASYNCIO_TEST_STORES=1`: runs each test in a store of an `AsyncLocalStorage`, beside a user of `async_hooks`, as
 * in a program that is traced. Before Node 24, both replace the promise hooks of V8 with those of Node.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

const isAsked = process.env['ASYNCIO_TEST_STORES'] === '1';

const storage = new AsyncLocalStorage<object>();

/** Open resources, as a tracer has them. */
const resources = new Map<number, string>();

if (isAsked)
  createHook({
    init: (id, type) => void resources.set(id, type),
    before: () => {},
    after: () => {},
    promiseResolve: () => {},
    destroy: (id) => void resources.delete(id),
  }).enable();

/** Calls `scenario`, in a store of its own if that is asked for. */
export function inStore<T>(scenario: () => T): T {
  return isAsked ? storage.run({}, scenario) : scenario();
}
