// Preloaded in the process of the tests and in the threads that they start: see there.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const { makePlain } = await import('../../scripts/plain.mjs');
  makePlain('test'); // now, for it must not take the time of a test
  process.setSourceMapsEnabled(true);
  register('./test-modules.mjs', import.meta.url);
  await import('./behaviour.ts');
} else await import('./plain-threads.mjs');
