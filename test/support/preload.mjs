// Preloaded in the process of the tests and in the threads that they start: see there.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  await import('../../scripts/shipped.mjs');
  await import('./behaviour.ts');
} else await import('./plain-threads.mjs');
