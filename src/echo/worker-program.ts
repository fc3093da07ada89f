/**
 * The program of a worker thread: it serves on its own loop until it is asked to stop. worker.ts
 * starts it.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import * as asyncio from '../index.ts';
import { Statistics } from './statistics.ts';
import { STYLES, type Style } from './styles.ts';

/** The data that a worker starts with. Any later message means: stop. */
export interface Order {
  readonly style: Style;
  readonly host: string;
  readonly port: number;
  /** How to encrypt connections, if at all: the key and the certificate. */
  readonly ssl?: { readonly key: string; readonly cert: string } | undefined;
  /** How long clients may take to finish when the worker stops, in seconds. */
  readonly grace: number;
  /** Send a message for each connection? */
  readonly tellsConnections: boolean;
  /** The memory for the counts. */
  readonly memory: SharedArrayBuffer;
}

/** A worker's messages: it listens, a client connected, or other text to print. */
export type News =
  | { readonly listens: true }
  | { readonly connection: string }
  | { readonly line: string };

const home = parentPort as MessagePort;
const { style, host, port, ssl, grace, tellsConnections, memory } = workerData as Order;
const tell = (news: News): void => home.postMessage(news);

const serve = asyncio.coroutine(async function serve(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const server = asyncio.currentTask();
  home.once('message', () => loop.callSoonThreadsafe(() => server?.cancel()));
  await STYLES[style]({
    host,
    port,
    ssl,
    grace,
    driver: 'posix',
    reusePort: true,
    statistics: new Statistics(loop.time(), memory),
    onListening: () => tell({ listens: true }),
    onConnection: tellsConnections ? (line) => tell({ connection: line }) : undefined,
    say: (line) => tell({ line }),
  });
});

try {
  await asyncio.run(serve());
} catch (error) {
  // It was asked to stop. Any other error ends the thread, and so reaches the starting thread.
  if (!(error instanceof asyncio.CancelledError)) throw error;
}
