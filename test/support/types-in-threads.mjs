// Preloaded in the threads that tests start: tsx by itself serves the main thread only.
import { isMainThread } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

if (!isMainThread) register();
