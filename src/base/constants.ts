/** All tunable numbers, with unit and reason. */

/** Seconds that accepting pauses after descriptors ran out; asyncio's figure. */
export const ACCEPT_RETRY_DELAY = 1;

/** Seconds from which a callback counts as slow in debug mode; asyncio's figure. */
export const SLOW_CALLBACK_DURATION = 0.1;

/** Frames kept of where a future, task, handle or coroutine was made, in debug mode; asyncio's figure. */
export const DEBUG_STACK_DEPTH = 10;

/** Seconds after which a cancelled task that waits for a promise that is not ours is named. */
export const CANCEL_PATIENCE = 2;

/** Seconds after which a task that was cancelled at the end of its program, and has not ended, is named. */
export const SHUTDOWN_PATIENCE = 10;

/** Cancelled timers from which the heap is rebuilt without them; asyncio's figure. */
export const MIN_SCHEDULED_TIMER_HANDLES = 100;

/** The share of cancelled timers from which the heap is rebuilt without them; asyncio's figure. */
export const MIN_CANCELLED_TIMER_HANDLES_FRACTION = 0.5;

/**
 * Socket operations that may complete without waiting before one must yield a turn.
 *
 * Without it one busy connection would starve all others; Tokio's figure.
 */
export const OPERATIONS_PER_TURN = 128;

/** The share of time that requested garbage collections may take on average. */
export const COLLECTION_SHARE = 0.01;

/**
 * Milliseconds that a full collection takes for each megabyte of the heap, at a guess. Measured: 0.4
 * for one that is small and mostly code, 1 to 2.5 for many small objects.
 */
export const COLLECTION_MS_PER_MB = 1;

/** Milliseconds, by that guess, that a program may stand still for a collection: a heap of 50 MB. */
export const COLLECTION_PAUSE_MS = 50;

/**
 * The share when descriptors run out, in place of the other: it decides how many clients a second a
 * server can take that closes nothing itself.
 */
export const COLLECTION_SHARE_URGENT = 0.05;

/**
 * Milliseconds of collecting that may come in a row after a while without: some ten collections of
 * a small heap, so that the second failure of a minute is reported as soon as the first.
 */
export const COLLECTION_BURST_MS = 100;

/** Milliseconds from the first wish for a collection to the collection: many wishes, one run. */
export const COLLECTION_DELAY_MS = 20;

/** The longest wait between two fruitless collections, in milliseconds. */
export const COLLECTION_REST_MS = 60_000;

/** The longest delay, in milliseconds, that Node's timers can hold. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** The most bytes that a transport gives its protocol at once; asyncio's figure. */
export const MAX_READ_SIZE: number = 256 * 1024;

/** Bytes of a file that are read and sent at once where the system does not do both; asyncio's figure. */
export const SENDFILE_FALLBACK_READBUFFER_SIZE: number = 256 * 1024;

/** Bytes of a file that are read and written to a transport at once. */
export const SENDFILE_PIECE: number = 64 * 1024;

/** Buffered bytes above which a protocol is told to pause; asyncio's figure. */
export const WRITE_HIGH_WATER: number = 64 * 1024;

/** The same where what is written is encrypted: records are made of it first; asyncio's figure. */
export const TLS_WRITE_HIGH_WATER: number = 512 * 1024;

/** Bytes that are handed to a Node stream at once: so many that what waits is known well. */
export const DUPLEX_PIECE: number = 64 * 1024;

/** Milliseconds after which what was closed gives up its last bytes, where Node sends them, not the system. */
export const FLUSH_PATIENCE_MS: number = 30_000;

/** Connections of a server that may wait to be accepted, on each socket; asyncio's figure. */
export const SERVER_BACKLOG = 100;

/** Seconds that a TLS handshake may take; asyncio's figure, which is nginx's. */
export const TLS_HANDSHAKE_TIMEOUT = 60;

/** Seconds that the peer has to answer the end of a TLS connection; asyncio's figure. */
export const TLS_SHUTDOWN_TIMEOUT = 30;

/** Writes to a lost connection from which on they are logged; asyncio's figure. */
export const LOST_WRITES_BEFORE_LOG = 5;

/** The most bytes of a line, and half of what a stream keeps unread; asyncio's figure. */
export const STREAM_LIMIT: number = 64 * 1024;

/** The most threads of a pool by default; Python's figure. */
export const MAX_THREADS = 32;

/** Threads of a pool beside one for each core, by default: most of them wait. Python's figure. */
export const THREADS_BESIDE_CORES = 4;

/** Seconds that `run()` waits at its end for calls in threads; asyncio's figure. */
export const THREAD_JOIN_TIMEOUT = 300;
