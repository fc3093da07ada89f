/**
 * A node:http server whose requests have a time limit, and are cancelled when the client disconnects.
 *
 *   PORT=8080 npm run example enter/http      curl 'localhost:8080/?seconds=1'
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as asyncio from 'asyncio-ts';

/** How long a request may take, in seconds. */
const LIMIT = 2;

async function answer(request: IncomingMessage): Promise<string> {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  try {
    await asyncio.sleep(Number(searchParams.get('seconds')));
    return 'done';
  } catch (error) {
    if (error instanceof asyncio.CancelledError) console.log('cancelled');
    throw error;
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  console.log(`asked for ${request.url}`);
  const client = new AbortController();
  response.once('close', () => client.abort());
  try {
    const text = await asyncio.enter(() => asyncio.timeout(LIMIT, () => answer(request)), {
      signal: client.signal,
    });
    response.end(`${text}\n`);
  } catch (error) {
    if (client.signal.aborted) console.log('the client left');
    else response.writeHead(error instanceof asyncio.TimeoutError ? 504 : 500).end(`${error}\n`);
  }
}

const server = createServer((request, response) => void handle(request, response));
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => console.log('listening'));
