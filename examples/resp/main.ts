/** A small server for the Redis protocol, for redis-cli and redis-benchmark. Listens on PORT, stops on Ctrl-C. */
import * as asyncio from 'asyncio-ts';
import { serveResp } from './server.ts';

const PORT = Number(process.env['PORT'] ?? 6379);
const GRACE = Number(process.env['GRACE'] ?? 5);
/** Further clients wait until another connection ends. */
const MAX_CONNECTIONS = 1000;

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const stopped = loop.createFuture<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    loop.addSignalHandler(signal, () => {
      if (!stopped.done()) stopped.setResult();
    });

  const server = await serveResp('127.0.0.1', PORT, { maxConnections: MAX_CONNECTIONS });
  console.log(`ready on port ${PORT}`);
  await stopped;
  const { finished, aborted } = await server.shutdown({ grace: GRACE });
  console.log(`${finished.length} connections finished, ${aborted.length} were cut off`);
});

await asyncio.run(main());
