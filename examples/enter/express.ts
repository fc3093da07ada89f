/**
 * An Express server whose requests have a time limit, and are cancelled when the client disconnects.
 *
 *   PORT=8080 npm run example enter/express      curl 'localhost:8080/?seconds=1'
 */
import * as asyncio from 'asyncio-ts';
import express, { type NextFunction, type Request, type Response } from 'express';

/** How long a request may take, in seconds. */
const LIMIT = 2;

type Answer = (request: Request, response: Response) => Promise<void>;

/** Runs a handler as a task, which is cancelled after LIMIT or when the client disconnects. */
function asTask(answer: Answer) {
  return async (request: Request, response: Response): Promise<void> => {
    console.log(`asked for ${request.url}`);
    const client = new AbortController();
    response.once('close', () => client.abort());
    await asyncio.enter(() => asyncio.timeout(LIMIT, () => answer(request, response)), {
      signal: client.signal,
    });
  };
}

const app = express();

app.get(
  '/',
  asTask(async (request, response) => {
    try {
      await asyncio.sleep(Number(request.query['seconds']));
    } catch (error) {
      if (error instanceof asyncio.CancelledError) console.log('cancelled');
      throw error;
    }
    response.send('done\n');
  }),
);

app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  if (response.closed) console.log('the client left');
  else response.status(error instanceof asyncio.TimeoutError ? 504 : 500).send(`${error}\n`);
});

const port = Number(process.env['PORT'] ?? 8080);
const server = app.listen(port, '127.0.0.1', () => console.log('listening'));

/** Answers the requests that have begun, and ends. */
process.once('SIGTERM', () => {
  server.close();
  // A connection that is kept alive becomes idle when its request has been answered.
  setInterval(() => server.closeIdleConnections(), 100).unref();
});
