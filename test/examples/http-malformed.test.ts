/**
 * Requests that servers disagree about, on our server and on `node:http`. Behind each comes another
 * request: it is served where the first one ends there, and never where it is malformed.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';
import * as assert from 'uvu/assert';
import { parseChunkLine } from '../../examples/http/header.ts';
import { HttpError } from '../../examples/http/http-error.ts';
import { parseHead } from '../../examples/http/request.ts';
import { type HttpHandler, serveHttp } from '../../examples/http/serve.ts';
import { behaviour } from '../support/behaviour.ts';
import { Client } from '../support/client.ts';
import { DRIVERS } from '../support/drivers.ts';
import { inLinearTime } from '../support/work.ts';

const SECOND = 'GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const CHUNKED = 'Transfer-Encoding: chunked';
const LENGTH = 'Content-Length: 3';

const get = (...headers: string[]): string =>
  `${['GET /first HTTP/1.1', 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;
const post = (...headers: string[]): string => get(...headers).replace('GET', 'POST');
const chunks = (text: string): string => post(CHUNKED) + text;
/** A body that ends before the second request, or within it. */
const END = '0\r\n\r\n';
const many = (line: (n: number) => string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => line(n));

type Case = readonly [what: string, request: string, status: number, node?: 'takes it'];

// The second request is served after these. They end where both servers say.
const SERVED: readonly Case[] = [
  ['a GET', get(), 200],
  ['a length', `${post(LENGTH)}abc`, 200],
  ['chunks', chunks(`3\r\nabc\r\n${END}`), 200],
  ['chunks with extensions', chunks(`3;a;b=c;d="e f;\\""\r\nabc\r\n${END}`), 200],
  ['trailers', chunks('3\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n'), 200],
  ['zeros before a size', chunks(`0003\r\nabc\r\n${END}`), 200],
  ['a value without a space before it', get('A:b'), 200],
  ['blanks around a value', get('A: \t b \t'), 200],
  ['an empty value', get('A:', 'B: '), 200],
  ['bytes beyond ASCII in a value', get('A: \xe4\xff'), 200],
  ['an empty line first', `\r\n${get()}`, 200],
  ['HTTP/1.0 kept alive', 'GET /first HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', 200],
  ['the absolute form', get().replace('/first', 'http://x/first'), 200],
  ['a body of a GET', `${get(LENGTH)}abc`, 200],
];

// After these, the connection is closed.
const REFUSED: readonly Case[] = [
  // where a body ends
  ['a length and chunks', post(LENGTH, CHUNKED) + END, 400],
  ['chunks and a length', post(CHUNKED, LENGTH) + END, 400],
  ['two lengths', `${post(LENGTH, 'Content-Length: 4')}abc`, 400],
  ['the same length twice', `${post(LENGTH, LENGTH)}abc`, 400],
  ['a list of lengths', `${post('Content-Length: 3, 3')}abc`, 400],
  ['a length with a sign', `${post('Content-Length: +3')}abc`, 400],
  ['a negative length', `${post('Content-Length: -3')}abc`, 400],
  ['a hexadecimal length', `${post('Content-Length: 0x3')}abc`, 400],
  ['a length with a fraction', `${post('Content-Length: 3.0')}abc`, 400],
  ['an empty length', post('Content-Length:'), 400],
  ['a length beyond 64 bits', post(`Content-Length: ${2n ** 64n + 3n}`), 400],
  ['two codings, chunked first', post('Transfer-Encoding: chunked, identity') + END, 400],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked') + END, 400],
  ['chunked twice, in two headers', post(CHUNKED, CHUNKED) + END, 400],
  ['a coding with a letter more', post('Transfer-Encoding: xchunked') + END, 400],
  ['a coding in quotes', post('Transfer-Encoding: "chunked"') + END, 400],
  ['a coding behind a vertical tab', post('Transfer-Encoding: \vchunked') + END, 400],
  ['an empty coding', post('Transfer-Encoding:') + END, 400],
  ['another coding', post('Transfer-Encoding: gzip, chunked') + END, 501, 'takes it'],
  ['chunks in HTTP/1.0', chunks(END).replace('1.1', '1.0'), 400],
  ['an unknown expectation', `${post(LENGTH, 'Expect: wonders')}abc`, 417, 'takes it'],

  // chunks
  ['a size that is none', chunks(`x\r\n${END}`), 400],
  ['an empty size', chunks(`\r\n${END}`), 400],
  ['a size with 0x', chunks(`0x3\r\nabc\r\n${END}`), 400],
  ['a size with a sign', chunks(`+3\r\nabc\r\n${END}`), 400],
  ['a negative size', chunks(`-3\r\nabc\r\n${END}`), 400],
  ['a size beyond 64 bits', chunks(`10000000000000003\r\nabc\r\n${END}`), 400],
  ['a size behind a space', chunks(` 3\r\nabc\r\n${END}`), 400],
  ['a size before a space', chunks(`3 \r\nabc\r\n${END}`), 400],
  ['a size with an underscore', chunks(`3_0\r\nabc\r\n${END}`), 400],
  ['a chunk longer than its size', chunks(`3\r\nabcd\r\n${END}`), 400],
  ['a chunk shorter than its size', chunks(`3\r\nab\r\n${END}`), 400],
  ['a chunk without a line end', chunks(`3\r\nabc${END}`), 400],
  ['bare newlines between chunks', chunks('3\nabc\n0\n\n'), 400],
  ['a bare newline behind a size', chunks(`3\nabc\r\n${END}`), 400],
  ['a bare newline in an extension', chunks(`3;a\nabc\r\n${END}`), 400],
  ['a bare carriage return in an extension', chunks(`3;a\rb\r\nabc\r\n${END}`), 400],
  ['a NUL in an extension', chunks(`3;\0\r\nabc\r\n${END}`), 400],
  ['an extension behind a space', chunks(`3 ;a\r\nabc\r\n${END}`), 400],
  ['a malformed trailer', chunks('0\r\nA b\r\n\r\n'), 400],
  ['a trailer with a space before the colon', chunks('0\r\nA : b\r\n\r\n'), 400],
  ['a trailer with a bare newline', chunks('0\r\nA: b\nC: d\r\n\r\n'), 400],
  ['a length in a trailer', chunks('0\r\nContent-Length: 9\r\n\r\n'), 400],
  ['a coding in a trailer', chunks('0\r\nTransfer-Encoding: chunked\r\n\r\n'), 400],
  ['a Host in a trailer', chunks('0\r\nHost: y\r\n\r\n'), 400, 'takes it'],
  ['a folded trailer', chunks('0\r\nA: b\r\n c\r\n\r\n'), 400],

  // headers
  ['a space before the colon', get('A : b'), 400],
  ['a space before the colon of a length', `${post('Content-Length : 3')}abc`, 400],
  ['a tab before the colon of a coding', post('Transfer-Encoding\t: chunked') + END, 400],
  ['a folded header', get('A: b', ' c'), 400],
  ['a folded coding', post('Transfer-Encoding:', ' chunked') + END, 400, 'takes it'],
  ['a first header behind a space', get().replace('Host', ' Host'), 400],
  ['a header without a colon', get('A'), 400],
  ['a header without a name', get(': b'), 400],
  ['a NUL in a value', get('A: b\0c'), 400],
  ['a NUL in a name', get('A\0: b'), 400],
  ['a control character in a value', get('A: \x01'), 400],
  ['a bare carriage return in a value', get('A: b\rC: d'), 400],
  ['a bare newline in a value', get('A: b\nC: d'), 400, 'takes it'],
  ['bare newlines', get().replaceAll('\r\n', '\n'), 400, 'takes it'],
  ['a head that ends with a bare newline', 'GET /first HTTP/1.1\r\nHost: x\r\n\n', 400, 'takes it'],
  ['no Host', get().replace('Host', 'Toast'), 400],
  ['two Hosts', get('Host: y'), 400, 'takes it'],
  ['a Host with a space', get().replace('Host: x', 'Host: x y'), 400, 'takes it'],
  ['a Host with a path', get().replace('Host: x', 'Host: x/y'), 400, 'takes it'],
  ['too many headers', get(...many((n) => `A${n}: b`, 101)), 431, 'takes it'],
  ['too large a header', get(`A: ${'b'.repeat(17_000)}`), 431],

  // request lines
  ['a space first', ` ${get()}`, 400],
  ['a space too many', get().replace(' /', '  /'), 400, 'takes it'],
  ['a tab for a space', get().replace(' /', '\t/'), 400],
  ['a space at the end', get().replace('1.1', '1.1 '), 400],
  ['no version', get().replace(' HTTP/1.1', ''), 400],
  ['a version in small letters', get().replace('HTTP', 'http'), 400],
  ['a version with more digits', get().replace('1.1', '1.10'), 400],
  ['a version with fewer digits', get().replace('1.1', '1'), 400],
  ['HTTP/2', get().replace('1.1', '2.0'), 505],
  ['another protocol', get().replace('HTTP', 'ICY'), 400],
  ['a NUL in a target', get().replace('first', 'fi\0st'), 400],
  ['a byte beyond ASCII in a target', get().replace('first', 'fi\xffst'), 400, 'takes it'],
  ['a target without a slash', get().replace('/first', 'first'), 400],
  ['a colon in a method', get().replace('GET', 'G:T'), 400],
  ['too long a target', get().replace('first', 'x'.repeat(17_000)), 431],
];

const echo: HttpHandler = async ({ method, path, body }) => ({
  body: `${method} ${path} ${await body.bytes()}.`,
});

/** What a port answers to a request and the second one: the statuses, and whether that was served. */
async function answersOf(
  port: number,
  request: string,
): Promise<[statuses: string, second: boolean]> {
  using client = await Client.to(port);
  // One that is refused early may close while the rest is being sent.
  await client.send(Buffer.from(request + SECOND, 'latin1')).catch(() => {});
  const text = String(await client.rest());
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join(' ');
  return [statuses, text.includes('GET /second')];
}

async function onNode(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('error', () => {}).on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = `${request.method} ${request.url} ${pieces}.`;
      response.setHeader('Content-Length', body.length).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function onOurs(
  driver: socket.DriverName,
  use: (port: number) => Promise<void>,
  handler = echo,
): Promise<void> {
  const sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, { driver });
  sock.bind(['127.0.0.1', 0]);
  const server = await serveHttp(handler, undefined, undefined, { sock });
  try {
    await use(Number(sock.getsockname()[1]));
  } finally {
    server.close();
    server.abortClients();
    await server.waitClosed();
  }
}

for (const { name, real } of DRIVERS) {
  if (!real) continue;

  behaviour(`serveHttp on ${name}, of requests that servers disagree about`, (it) => {
    for (const [what, request, status] of SERVED)
      it(`serves ${what}, and the next request`, () =>
        asyncio.run(() =>
          onOurs(name, async (port) => {
            assert.equal(await answersOf(port, request), [`${status} 200`, true]);
          }),
        ));

    for (const [what, request, status] of REFUSED)
      it(`refuses ${what}, and closes`, () =>
        asyncio.run(() =>
          onOurs(name, async (port) => {
            assert.equal(await answersOf(port, request), [String(status), false]);
          }),
        ));

    const handlers: Record<string, HttpHandler> = {
      'does not read it': () => ({ body: 'did not look' }),
      'reads a piece of it': async ({ body }) => ({ body: (await body.read()).slice(0, 1) }),
      'answers all the same': async ({ body }) => {
        await body.bytes().catch(() => {});
        return { body: 'whatever' };
      },
      'throws another status': () => {
        throw new HttpError(404, 'nothing');
      },
    };
    for (const [how, handler] of Object.entries(handlers))
      it(`refuses a malformed body whose handler ${how}`, () =>
        asyncio.run(() =>
          onOurs(
            name,
            async (port) => {
              for (const body of ['x\r\n', '3\r\nabcd\r\n', '3\r\nabc\r\n-1\r\n', '0\r\nA b\r\n'])
                assert.equal(await answersOf(port, chunks(body)), ['400', false]);
            },
            handler,
          ),
        ));
  });
}

behaviour('node:http, of requests that servers disagree about', (it) => {
  it('serves what we serve', () =>
    onNode(async (port) => {
      for (const [what, request, status] of SERVED)
        assert.equal(await answersOf(port, request), [`${status} 200`, true], what);
    }));

  it('refuses what we refuse, but for what is marked', () =>
    onNode(async (port) => {
      for (const [what, request, , node] of REFUSED) {
        if (node === 'takes it') continue;
        const [, isServed] = await answersOf(port, request);
        assert.is(isServed, false, what);
      }
    }));
});

behaviour('parseHead', (it) => {
  const blanks = ' '.repeat(16_000);
  const tabs = ' \t'.repeat(8000);
  for (const [what, header] of [
    ['blanks before what is none', `A:${blanks}\x01`],
    ['blanks and tabs before what is none', `A:${tabs}\x01`],
    ['blanks around what is none', `A: ${blanks}b${blanks}\x01`],
    ['blanks without a colon', `A${blanks}`],
    ['a long name without a colon', 'A'.repeat(16_000)],
    ['a list of blanks', `Connection: ${blanks}a${blanks}`],
    ['a list of commas', `Connection: ${','.repeat(16_000)}`],
    ['a list of blanks and commas', `Connection: ${' ,'.repeat(8000)}`],
    ['a list of blanks before what is none', `Connection: a${blanks},${blanks}\x01`],
    ['a long Host', `Host: ${'x'.repeat(16_000)} `],
    ['a hundred headers of one name', many(() => `A:${blanks.slice(0, 150)}`, 100).join('\r\n')],
  ] as const)
    it(`takes linear time for ${what}`, () => {
      inLinearTime(() => {
        try {
          parseHead(`GET / HTTP/1.1\r\n${header}\r\n\r\n`, { maxHeaders: 100 });
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
        }
      });
    });
});

behaviour('parseChunkLine', (it) => {
  for (const line of [
    `3${';a'.repeat(8000)}\x01`,
    `3${';a=b'.repeat(4000)}\x01`,
    `3;a="${'\\"'.repeat(8000)}`,
    `3${' '.repeat(16_000)}x`,
    `3${';a="b"'.repeat(2500)} `,
  ])
    it(`takes linear time for ${line.slice(0, 8)}…`, () => {
      const error = inLinearTime(() => {
        try {
          return parseChunkLine(line);
        } catch (thrown) {
          return thrown;
        }
      });

      assert.instance(error, HttpError);
    });
});
