/** Code that is only loaded while the process is being watched. */
export { ratesSoFar } from './rates.ts';
export { beginTrace, endTrace, Trace } from './trace.ts';
