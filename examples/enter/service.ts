/** A Fastify service whose requests have a time limit, and which stops cleanly. */
import * as asyncio from 'asyncio-ts';
import { fastify } from 'fastify';

const app = fastify();

/** A slow operation; it is cancelled when the client leaves, or after two seconds. */
async function report(seconds: number): Promise<string> {
  try {
    await asyncio.sleep(seconds);
    return 'done\n';
  } finally {
    console.log('the report has ended');
  }
}

app.get<{ Querystring: { seconds?: string } }>('/report', (request, reply) => {
  const client = new AbortController();
  reply.raw.once('close', () => client.abort());
  const seconds = Number(request.query.seconds ?? 1);
  return asyncio.enter(() => asyncio.timeout(2, () => report(seconds)), { signal: client.signal });
});

app.setErrorHandler((error, _request, reply) =>
  reply.status(error instanceof asyncio.TimeoutError ? 504 : 500).send(`${error}\n`),
);

// Otherwise keep-alive connections would delay the end.
let isStopping = false;
app.addHook('onSend', async (_request, reply) => {
  if (isStopping) reply.header('connection', 'close');
});

await app.listen({ port: Number(process.env['PORT'] ?? 8080), host: '127.0.0.1' });
console.log('listening');

// Refuses new requests, and waits for the running ones, which take two seconds at most.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    isStopping = true;
    void app.close();
  });
