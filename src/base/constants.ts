/**
 * All tunable numbers, with their units and reasons. "asyncio's" means that asyncio uses the same
 * value.
 */

/** How long accepting pauses after descriptors ran out, in seconds; asyncio's. */
export const ACCEPT_RETRY_DELAY = 1;

/** The shortest duration of a slow callback in debug mode, in seconds; asyncio's. */
export const SLOW_CALLBACK_DURATION = 0.1;

/**
 * How many frames of the stack that created a future, task, handle or coroutine debug mode keeps;
 * asyncio's.
 */
export const DEBUG_STACK_DEPTH = 10;

/** After how many seconds a cancelled task that waits for a foreign promise is reported. */
export const CANCEL_PATIENCE = 2;

/** After how many seconds a task that does not end when its program is cancelled is reported. */
export const SHUTDOWN_PATIENCE = 10;

/** After how many seconds a slow ending is explained, if enabled. */
export const SLOW_ENDING: readonly number[] = [1, 10, 100];

/** Above how many timers the heap may be rebuilt without the cancelled ones; asyncio's. */
export const MIN_SCHEDULED_TIMER_HANDLES = 100;

/** Above which share of cancelled timers it is rebuilt; asyncio's. */
export const MIN_CANCELLED_TIMER_HANDLES_FRACTION = 0.5;

/**
 * How many socket operations may complete without waiting before one has to yield a turn.
 *
 * Otherwise one busy connection would starve all others. Tokio uses the same value.
 */
export const OPERATIONS_PER_TURN = 128;

/** The share of time that requested garbage collections may take, on average. */
export const COLLECTION_SHARE = 0.01;

/**
 * Estimated duration of a full collection, in milliseconds per megabyte of heap. Measured: 0.4 for
 * a small heap that is mostly code, 1 to 2.5 for many small objects.
 */
export const COLLECTION_MS_PER_MB = 1;

/**
 * How long a collection may stop the program, by that estimate, in milliseconds: a heap of 50 MB.
 */
export const COLLECTION_PAUSE_MS = 50;

/**
 * The share that applies while descriptors run out. It limits how many clients per second a server
 * can accept if it never closes connections itself.
 */
export const COLLECTION_SHARE_URGENT = 0.05;

/** The share of time that forced young collections may take, while large messages are received. */
export const COLLECTION_SHARE_YOUNG = 0.2;

/**
 * How much collecting may happen in a row after a pause, in milliseconds: about ten collections of
 * a small heap, so that the second failure within a minute is reported as quickly as the first.
 */
export const COLLECTION_BURST_MS = 100;

/**
 * The delay from the first request to the collection, in milliseconds, so that one collection
 * serves many requests.
 */
export const COLLECTION_DELAY_MS = 20;

/** The longest wait between two fruitless collections, in milliseconds. */
export const COLLECTION_REST_MS = 60_000;

/** The longest delay that Node's timers support, in milliseconds. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** How many bytes a transport passes to its protocol at a time, as in asyncio. */
export const MAX_READ_SIZE: number = 256 * 1024;

/** How many bytes of a file are read and sent at once if the system cannot do both; asyncio's. */
export const SENDFILE_FALLBACK_READBUFFER_SIZE: number = 256 * 1024;

/** How many bytes of a file are read and written to a transport at once. */
export const SENDFILE_PIECE: number = 64 * 1024;

/** Above how many buffered bytes a protocol is paused, as in asyncio. */
export const WRITE_HIGH_WATER: number = 64 * 1024;

/** The same with TLS, where data is first encrypted into records; asyncio's. */
export const TLS_WRITE_HIGH_WATER: number = 512 * 1024;

/** How many bytes are passed to a Node stream at once: few, to know how much is still unsent. */
export const DUPLEX_PIECE: number = 64 * 1024;

/**
 * How long a closed connection tries to send its last bytes when Node sends them, not the system,
 * in milliseconds.
 */
export const FLUSH_PATIENCE_MS: number = 30_000;

/** How many connections may wait to be accepted on each socket of a server; asyncio's. */
export const SERVER_BACKLOG = 100;

/** How long a TLS handshake may take, in seconds; asyncio's, which comes from nginx. */
export const TLS_HANDSHAKE_TIMEOUT = 60;

/** How long the peer has to answer the end of a TLS connection, in seconds; asyncio's. */
export const TLS_SHUTDOWN_TIMEOUT = 30;

/** After how many writes to a lost connection they are logged; asyncio's. */
export const LOST_WRITES_BEFORE_LOG = 5;

/** The longest line in bytes, and half of what a stream buffers unread; asyncio's. */
export const STREAM_LIMIT: number = 64 * 1024;

/** The most threads in a pool, by default; Python's. */
export const MAX_THREADS = 32;

/** Threads in a pool beyond one per core, by default, because most of them wait; Python's. */
export const THREADS_BESIDE_CORES = 4;

/** How long `run()` waits at its end for calls in threads, in seconds; asyncio's. */
export const THREAD_JOIN_TIMEOUT = 300;
