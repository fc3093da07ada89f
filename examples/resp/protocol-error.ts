/** A command is malformed, and nothing after it can be understood. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A client has sent too much of a command that is not complete. */
export class QueryTooLargeError extends Error {
  override readonly name = 'QueryTooLargeError';
}
