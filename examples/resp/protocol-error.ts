/** Thrown if a command is malformed. Nothing after it can be parsed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Thrown if an incomplete command takes too much memory. */
export class QueryTooLargeError extends Error {
  override readonly name = 'QueryTooLargeError';
}
