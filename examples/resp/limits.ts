/** Limits for clients. Redis has the same ones, with larger defaults. */
export interface RespLimits {
  /** The maximum length of a word or a stored text, in bytes: Redis' `proto-max-bulk-len`. */
  readonly maxBulk: number;
  /**
   * The maximum memory that an incomplete command may take, in bytes: Redis'
   * `client-query-buffer-limit`.
   */
  readonly maxQuery: number;
}

export const LIMITS: RespLimits = {
  maxBulk: 64 * 1024 * 1024,
  maxQuery: 128 * 1024 * 1024,
};

/** The maximum number of words in a command. */
export const MAX_WORDS = 1_048_576;
/** The maximum length of a line, in bytes: of a number, or of a command typed by hand. */
export const MAX_LINE = 65_536;
