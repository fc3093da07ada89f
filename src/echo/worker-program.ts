/**
 * The thread of one of the workers that serve a port together: it serves on its own loop until
 * it is told to stop. worker.ts starts it.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import * as asyncio from '../index.ts';
import { Statistics } from './statistics.ts';
import { STYLES, type Style } from './styles.ts';

/** What a worker is told when it starts. After that, any message means: stop. */
export interface Order {
  readonly style: Style;
  readonly host: string;
  readonly port: number;
  /** How connections are encrypted, if they are: the key and the certificate. */
  readonly ssl?: { readonly key: string; readonly cert: string } | undefined;
  /** Seconds that clients get to finish when the worker stops. */
  readonly grace: number;
  /** Is each connection told of? */
  readonly tellsConnections: boolean;
  /** Where the worker counts. */
  readonly memory: SharedArrayBuffer;
}

/** What a worker tells: that it listens, that somebody came, or what else is to be said. */
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
  // It was told to stop. Every other error ends the thread, which is how it gets home.
  if (!(error instanceof asyncio.CancelledError)) throw error;
}
