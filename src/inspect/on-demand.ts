/** Code that is only loaded on request. */
export { answer } from './answer.ts';
export { explainEnding } from './explain-ending.ts';
export { Listener } from './listen.ts';
export { takeSnapshot } from './snapshot/snapshot.ts';
