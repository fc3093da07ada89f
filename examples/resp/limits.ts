/** Limits for clients. Redis has the same ones, with larger defaults. */
export interface RespLimits {
  /** The most bytes of a word, and of a text that APPEND makes: Redis' `proto-max-bulk-len`. */
  readonly maxBulk: number;
  /**
   * The most memory, in bytes, that a command may take before it is complete: Redis'
   * `client-query-buffer-limit`.
   */
  readonly maxQuery: number;
}

export const LIMITS: RespLimits = {
  maxBulk: 64 * 1024 * 1024,
  maxQuery: 128 * 1024 * 1024,
};

/** The most words of a command. */
export const MAX_WORDS = 1_048_576;
/** The most bytes of a line: a number, or a command typed by hand. */
export const MAX_LINE = 65_536;
