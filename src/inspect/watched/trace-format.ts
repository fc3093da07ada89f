/** What is around the events of a trace, which have commas between them. */
export const TRACE = { begin: '{"displayTimeUnit":"ms","traceEvents":[\n', end: '\n]}\n' };
