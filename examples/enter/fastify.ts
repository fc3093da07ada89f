/**
 * A Fastify server whose requests have a time limit, and are cancelled when the client disconnects.
 *
 *   PORT=8080 npm run example enter/fastify      curl 'localhost:8080/?seconds=1'
 */
import * as asyncio from 'asyncio-ts';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';

/** How long a request may take, in seconds. */
const LIMIT = 2;

type Answer = (request: FastifyRequest) => Promise<unknown>;

/** Runs a handler as a task, which is cancelled after LIMIT or when the client disconnects. */
function asTask(answer: Answer) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    console.log(`asked for ${request.url}`);
    const client = new AbortController();
    reply.raw.once('close', () => client.abort());
    return await asyncio.enter(() => asyncio.timeout(LIMIT, () => answer(request)), {
      signal: client.signal,
    });
  };
}

const app = fastify();

app.get(
  '/',
  asTask(async (request) => {
    try {
      await asyncio.sleep(Number((request.query as { seconds?: string }).seconds));
      return 'done\n';
    } catch (error) {
      if (error instanceof asyncio.CancelledError) console.log('cancelled');
      throw error;
    }
  }),
);

app.setErrorHandler((error, _request, reply) => {
  if (reply.raw.closed) console.log('the client left');
  return reply.status(error instanceof asyncio.TimeoutError ? 504 : 500).send(`${error}\n`);
});

await app.listen({ port: Number(process.env['PORT'] ?? 8080), host: '127.0.0.1' });
console.log('listening');
