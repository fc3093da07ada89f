/** What is around the events of a trace, which have commas between them. */
export const TRACE = { begin: '{"displayTimeUnit":"ms","traceEvents":[\n', end: '\n]}\n' };

/** Between two pieces of events. */
export const BETWEEN_PIECES = ',\n';

/** Events in one piece: to join more at a time would hold up the loop. */
const IN_A_PIECE = 200;

/** The events of a trace, piece by piece. */
export function* piecesOfTrace(events: readonly string[]): Generator<string> {
  for (let at = 0; at < events.length; at += IN_A_PIECE)
    yield events.slice(at, at + IN_A_PIECE).join(BETWEEN_PIECES);
}
