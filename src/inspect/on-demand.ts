/** What is loaded when somebody looks, and not before. */
export { answer } from './answer.ts';
export { explainEnding } from './explain-ending.ts';
export { Listener } from './listen.ts';
export { takeSnapshot } from './snapshot/snapshot.ts';
