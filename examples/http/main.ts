/** A small HTTP/1.1 server with streams, for curl, wrk and browsers. Listens on PORT, stops on Ctrl-C. */
import * as asyncio from 'asyncio-ts';
import { byRoute } from './routes.ts';
import { serveHttp } from './serve.ts';

const PORT = Number(process.env['PORT'] ?? 8080);
const GRACE = Number(process.env['GRACE'] ?? 5);
/** Further clients wait until another connection ends. */
const MAX_CONNECTIONS = 1000;

const PAGE = `<!doctype html>
<title>asyncio-ts</title>
<h1>It works</h1>
<p><a href="/hello">hello</a>, <a href="/count">a count</a>, <a href="/headers">your headers</a>
<form method="post" action="/echo"><input name="text"> <button>Echo</button></form>
`;

const html = { 'Content-Type': 'text/html; charset=utf-8' };
const text = { 'Content-Type': 'text/plain; charset=utf-8' };

/** Ten numbers, one after another: a body of unknown length. */
async function* count(): AsyncGenerator<Uint8Array> {
  for (let number = 1; number <= 10; number += 1) {
    yield Buffer.from(`${number}\n`);
    await asyncio.sleep(0.1);
  }
}

const routes = byRoute({
  '/': { GET: () => ({ headers: html, body: PAGE }) },
  '/hello': { GET: () => ({ headers: text, body: 'Hello, world!\n' }) },
  '/count': { GET: () => ({ headers: text, body: count() }) },
  '/slow': {
    GET: async () => {
      await asyncio.sleep(1);
      return { headers: text, body: 'at last\n' };
    },
  },
  '/headers': {
    GET: ({ headers }) => ({
      headers: text,
      body: [...headers].map(([name, value]) => `${name}: ${value}\n`).join(''),
    }),
  },
  '/echo': {
    POST: async ({ headers, body }) => ({
      headers: { 'Content-Type': headers.get('content-type') ?? 'application/octet-stream' },
      body: await body.bytes(),
    }),
  },
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const stopped = loop.createFuture<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    loop.addSignalHandler(signal, () => {
      if (!stopped.done()) stopped.setResult();
    });

  const server = await serveHttp(routes, '127.0.0.1', PORT, {
    maxConnections: MAX_CONNECTIONS,
  });
  console.log(`http://127.0.0.1:${PORT}/`);
  await stopped;
  const { finished, aborted } = await server.shutdown({ grace: GRACE });
  console.log(`${finished.length} connections finished, ${aborted.length} were cut off`);
});

await asyncio.run(main());
