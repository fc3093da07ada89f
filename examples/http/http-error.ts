/** An error with the status of its response: thrown where a request cannot be served. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status - from 400 to 599
   * @param message - what the client is told
   */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
