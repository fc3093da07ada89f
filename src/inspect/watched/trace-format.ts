/** The text around the comma-separated events of a trace. */
export const TRACE = { begin: '{"displayTimeUnit":"ms","traceEvents":[\n', end: '\n]}\n' };

/** The separator of events. */
export const BETWEEN_PIECES = ',\n';

/** How many events one piece has; more would block the loop. */
const IN_A_PIECE = 200;

/** The events of a trace, in pieces. */
export function* piecesOfTrace(events: readonly string[]): Generator<string> {
  for (let at = 0; at < events.length; at += IN_A_PIECE)
    yield events.slice(at, at + IN_A_PIECE).join(BETWEEN_PIECES);
}
