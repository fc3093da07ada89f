/** Servers of the library and of the examples. */
import { serveHttp } from '../../../examples/http/serve.ts';
import { serveResp } from '../../../examples/resp/server.ts';
import * as asyncio from '../../../src/index.ts';
import { check, type Program } from './program.ts';

const LINES = Array.from({ length: 20 }, (_, n) => `line ${n} ${'x'.repeat(n * n)}\n`);

/** Uses a connection, and closes it whatever happens. */
async function connected(
  port: number,
  use: (reader: asyncio.StreamReader, writer: asyncio.StreamWriter) => Promise<void>,
): Promise<void> {
  const [reader, writer] = await asyncio.openConnection('server', port);
  try {
    await use(reader, writer);
  } finally {
    writer.close();
  }
}

async function forever(made: Promise<asyncio.Server>): Promise<void> {
  await using server = await made;
  await server.serveForever();
}

/** Lines that are sent back. */
export const echo: Program = {
  serve: () =>
    forever(
      asyncio.startServer(
        async (reader, writer) => {
          try {
            for (let line = await reader.readline(); line.length > 0; ) {
              writer.write(line);
              await writer.drain();
              line = await reader.readline();
            }
          } catch (error) {
            if (!(error instanceof asyncio.ConnectionError)) throw error;
          } finally {
            writer.close();
          }
        },
        '0.0.0.0',
        7,
      ),
    ),
  use: () =>
    connected(7, async (reader, writer) => {
      for (const line of LINES) {
        writer.write(line);
        await writer.drain();
      }
      for (const line of LINES) {
        const got = `${await reader.readline()}`;
        check(got === line || !got.endsWith('\n'), `sent ${line}, got ${got}`);
        if (got !== line) throw new asyncio.IncompleteReadError(Buffer.from(got), line.length);
      }
    }),
};

/** The example of an HTTP server: a request with a body, and one whose response comes in pieces. */
export const http: Program = {
  serve: () =>
    forever(
      serveHttp(
        async ({ method, body }) => {
          if (method === 'POST') return { body: await body.bytes() };
          return {
            body: (async function* () {
              for (const line of LINES) {
                yield Buffer.from(line);
                await asyncio.sleep(0.01);
              }
            })(),
          };
        },
        '0.0.0.0',
        80,
      ),
    ),
  use: (round) =>
    connected(80, async (reader, writer) => {
      const sent = `${round}`.repeat(5000);
      writer.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`);
      const head = `${await reader.readuntil('\r\n\r\n')}`;
      check(head.startsWith('HTTP/1.1 200 '), head);
      const got = `${await reader.readexactly(sent.length)}`;
      check(got === sent, `sent ${sent.length} digits, got others`);
      writer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await reader.readuntil('\r\n\r\n');
      let body = '';
      for (;;) {
        const size = Number.parseInt(`${await reader.readuntil('\r\n')}`, 16);
        body += `${await reader.readexactly(size)}`;
        await reader.readexactly(2);
        if (size === 0) break;
      }
      check(body === LINES.join(''), `a body of ${body.length} bytes`);
    }),
};

/** The example of a server of Redis' protocol, with commands sent together. */
export const resp: Program = {
  serve: () => forever(serveResp('0.0.0.0', 6379)),
  use: (round) =>
    connected(6379, async (reader, writer) => {
      // A key for each: what was sent on a connection that was given up may still arrive.
      for (let n = 0; n < 20; n += 1)
        writer.write(`SET ${round}.${n} ${round}.${n}\r\nGET ${round}.${n}\r\n`);
      await writer.drain();
      for (let n = 0; n < 20; n += 1) {
        const value = `${round}.${n}`;
        const expected = `+OK\r\n$${value.length}\r\n${value}\r\n`;
        const got = `${await reader.readexactly(expected.length)}`;
        check(got === expected, `set ${value}, got ${got}`);
      }
    }),
};
