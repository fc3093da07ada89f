// Preloaded in the process of the tests, and in the threads that they start: those load no TypeScript.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

process.setSourceMapsEnabled(true);
if (isMainThread) {
  const { makeOnce } = await import('../../scripts/plain.mjs');
  makeOnce(); // now, for it must not take the time of a test
  register('./test-modules.mjs', import.meta.url);
  await import('./behaviour.ts');
}
