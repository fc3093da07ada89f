/** What is loaded when somebody watches. */
export { ratesSoFar } from './rates.ts';
export { beginTrace, endTrace, Trace } from './trace.ts';
