/** The HTTP server of examples/http, played by hand-made bytes, by Node's own client, and by curl. */
import { spawnSync } from 'node:child_process';
import { Agent, type IncomingMessage, request as nodeRequest } from 'node:http';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';
import { runVirtual, settle } from 'asyncio-ts/testing';
import * as assert from 'uvu/assert';
import { HttpError } from '../../examples/http/http-error.ts';
import type { HttpResponse } from '../../examples/http/response.ts';
import { byRoute } from '../../examples/http/routes.ts';
import { type HttpHandler, type HttpOptions, serveHttp } from '../../examples/http/serve.ts';
import { behaviour } from '../support/behaviour.ts';
import { runCommand } from '../support/child.ts';
import { Client } from '../support/client.ts';
import { DRIVERS } from '../support/drivers.ts';
import { freePort, Program } from '../support/program.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const piece of ['one', '', 'two']) yield Buffer.from(piece);
}

const site = byRoute({
  '/': { GET: () => ({ headers: { 'Content-Type': 'text/plain' }, body: 'hello' }) },
  '/pieces': { GET: () => ({ body: pieces() }) },
  '/echo': { POST: async ({ body }) => ({ body: await body.bytes() }) },
  '/ignore': { POST: () => ({ body: 'did not look' }) },
  '/refuse': {
    GET: () => {
      throw new HttpError(418, 'no coffee', { 'X-Pot': 'tea' });
    },
  },
  '/none': { GET: () => ({ status: 204 }) },
});

interface Site {
  readonly server: asyncio.Server;
  readonly port: number;
  /** Sends text, ends sending, and answers all that comes, without the dates. */
  ask(text: string): Promise<string>;
}

/** Serves on a driver as long as it is used. */
async function onSite(
  driver: socket.DriverName,
  use: (site: Site) => Promise<unknown>,
  { handler = site, ...options }: HttpOptions & { handler?: HttpHandler } = {},
): Promise<void> {
  const sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, { driver });
  sock.bind(['127.0.0.1', 0]);
  const port = Number(sock.getsockname()[1]);
  const server = await serveHttp(handler, undefined, undefined, { ...options, sock });
  const ask = async (text: string): Promise<string> => {
    using client = await Client.to(port);
    await client.send(Buffer.from(text, 'latin1'));
    client.finish();
    return withoutDates(await client.rest());
  };
  try {
    await use({ server, port, ask });
  } finally {
    server.close();
    server.abortClients();
    await server.waitClosed();
  }
}

function withoutDates(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/^Date: .*GMT\r\n/gm, '');
}

const get = (path: string, ...headers: string[]): string => asked('GET', path, '', ...headers);

function asked(method: string, path: string, body: string, ...headers: string[]): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', ...headers, ...length];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const answered = (status: string, body: string, ...headers: string[]): string =>
  `${[`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;

/** An error as it is answered. */
const refused = (status: string, body: string, ...headers: string[]): string =>
  answered(status, body, 'Content-Type: text/plain; charset=utf-8', ...headers);

/** An error that ends the connection. */
const closing = (status: string, body: string): string =>
  refused(status, body).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

for (const { name, real } of DRIVERS) {
  if (!real) continue;

  behaviour(`serveHttp on ${name}`, (it) => {
    const on = (
      sentence: string,
      use: (site: Site) => Promise<unknown>,
      options?: HttpOptions & { handler?: HttpHandler },
    ): void => it(sentence, () => asyncio.run(() => onSite(name, use, options)));

    on('answers pipelined requests in order', async ({ ask }) => {
      const asks = [
        get('/'),
        asked('POST', '/echo', 'body'),
        get('/no'),
        get('/', 'Connection: close'),
      ];

      assert.is(
        await ask(asks.join('')),
        [
          answered('200 OK', 'hello', 'Content-Type: text/plain'),
          answered('200 OK', 'body'),
          refused('404 Not Found', 'not found\n'),
          'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
        ].join(''),
      );
    });

    on('answers HEAD like GET, without a body', async ({ ask }) => {
      assert.is(
        await ask(asked('HEAD', '/', '') + asked('HEAD', '/pieces', '')),
        'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n' +
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
    });

    on(
      'sends a streamed body in chunks, and to HTTP/1.0 until the connection ends',
      async ({ ask }) => {
        assert.is(
          await ask(get('/pieces')),
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n',
        );
        assert.is(
          await ask('GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'),
          'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo',
        );
      },
    );

    on('keeps an HTTP/1.0 connection open only on request', async ({ ask }) => {
      const lasting = 'GET /none HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
      const once = 'GET /none HTTP/1.0\r\n\r\n';

      assert.is(
        await ask(lasting + once + once),
        'HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n' +
          'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
      );
    });

    on('lists the allowed methods', async ({ ask }) => {
      const asks = [asked('PUT', '/', ''), asked('OPTIONS', '/', ''), asked('BREW', '/', '')];

      assert.is(
        await ask(asks.join('')),
        refused('405 Method Not Allowed', 'allowed here: GET, HEAD\n', 'Allow: GET, HEAD') +
          'HTTP/1.1 204 No Content\r\nAllow: GET, HEAD\r\n\r\n' +
          refused('501 Not Implemented', 'unknown method\n'),
      );
    });

    on('answers with the status that a handler throws', async ({ ask }) => {
      assert.is(
        await ask(get('/refuse') + get('/none')),
        `${refused("418 I'm a Teapot", 'no coffee\n', 'X-Pot: tea')}HTTP/1.1 204 No Content\r\n\r\n`,
      );
    });

    on('answers a malformed request, and then closes the connection', async ({ ask }) => {
      assert.is(
        await ask(`nonsense\r\n\r\n${get('/')}`),
        closing('400 Bad Request', 'malformed request line\n'),
      );
    });

    on('skips an unread body, unless it is too long', async ({ ask }) => {
      assert.is(
        await ask(asked('POST', '/ignore', 'short') + get('/none')),
        `${answered('200 OK', 'did not look')}HTTP/1.1 204 No Content\r\n\r\n`,
      );
      assert.match(await ask(asked('POST', '/ignore', 'x'.repeat(70_000)) + get('/')), /look$/);
    });

    on('sends 100 Continue when the handler reads the body', async ({ port, ask }) => {
      using client = await Client.to(port);
      await client.send(asked('POST', '/echo', '', 'Content-Length: 4', 'Expect: 100-continue'));
      assert.is(String(await client.receive(25)), 'HTTP/1.1 100 Continue\r\n\r\n');
      await client.send('body');
      client.finish();
      assert.is(withoutDates(await client.rest()), answered('200 OK', 'body'));

      const unasked = asked('POST', '/ignore', '', 'Content-Length: 4', 'Expect: 100-continue');
      assert.match(await ask(unasked), /^HTTP\/1.1 200 OK\r\n.*close\r\n\r\ndid not look$/s);
    });

    on(
      'lets a client read its refusal even if that sends a lot without reading',
      async ({ port }) => {
        using client = await Client.to(port);
        await client.send(asked('POST', '/echo', 'x'.repeat(3_000_000)));
        client.finish();

        assert.match(
          String(await client.rest()),
          /^HTTP\/1.1 413 Content Too Large\r\n|^HTTP\/1.1 413 Payload Too Large\r\n/,
        );
        assert.is(client.ending, 'ended');
      },
    );

    on(
      'reports what a handler throws, responds with 500, and continues',
      async ({ ask }) => {
        const reports: unknown[] = [];
        asyncio.getRunningLoop().setExceptionHandler((_loop, { message, exception }) => {
          reports.push(`${message}: ${(exception as Error).message}`);
        });

        const answer = answered('500 Internal Server Error', 'Internal Server Error\n');
        assert.is(await ask(get('/a') + get('/b')), answer + answer);

        assert.equal(reports, [
          'Exception in the handler of GET /a: odd',
          'Exception in the handler of GET /b: odd',
        ]);
      },
      {
        handler: () => {
          throw new RangeError('odd');
        },
      },
    );

    on(
      'aborts a response whose body fails, and does not report a client that has disconnected',
      async ({ ask, port, server }) => {
        const reports: unknown[] = [];
        asyncio.getRunningLoop().setExceptionHandler((_loop, { exception }) => {
          reports.push((exception as Error).message);
        });

        assert.is(
          await ask(get('/')),
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n',
        );
        const client = await Client.to(port);
        await client.send('GET / HTTP/1.1\r\n');
        client.reset();
        server.close();
        await server.waitClosed();
        await settle();

        assert.equal(reports, ['odd']);
      },
      {
        handler: () => ({
          body: (async function* () {
            yield Buffer.from('one');
            throw new RangeError('odd');
          })(),
        }),
      },
    );

    on("serves Node's own client repeatedly on one connection", async ({ port, server }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ports = new Set<number | undefined>();
      for (let round = 0; round < 20; round += 1) {
        const path = ['/', '/pieces', '/echo'][round % 3] as string;
        const { text, localPort } = await fetched(port, agent, path, 'a body '.repeat(10_000));
        ports.add(localPort);
        assert.is(text.length, { '/': 5, '/pieces': 6, '/echo': 70_000 }[path]);
      }
      assert.is(ports.size, 1);

      // Its idle connection is closed.
      const { finished, aborted } = await server.shutdown({ grace: 5 });
      assert.equal([finished.length, aborted.length], [1, 0]);
      agent.destroy();
    });

    on(
      'finishes pending responses in shutdown()',
      async ({ port, server }) => {
        using idle = await Client.to(port);
        using busy = await Client.to(port);
        await busy.send(get('/'));
        await began;

        const ending = asyncio.createTask(server.shutdown({ grace: 5 }));
        assert.is(String(await idle.rest()), '');
        go?.();

        assert.match(String(await busy.rest()), /late$/);
        assert.is((await ending).aborted.length, 0);
      },
      {
        handler: async () => {
          const gone = new Promise<void>((resolve) => {
            go = resolve;
          });
          begin?.();
          await gone;
          return { body: 'late' };
        },
      },
    );
    let go: (() => void) | undefined;
    let begin: (() => void) | undefined;
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
  });
}

behaviour('serveHttp', (it) => {
  /** The answer to a client that sends some text and then waits, in virtual time; and when it ended. */
  const waited = (text: string, options: HttpOptions): Promise<[answer: string, seconds: number]> =>
    runVirtual(async () => {
      const loop = asyncio.getRunningLoop();
      if (options.handlerTimeout !== undefined)
        loop.setExceptionHandler((_loop, { message }) => {
          assert.is(
            message,
            `client_connected_cb was cancelled after ${options.handlerTimeout} seconds`,
          );
        });
      const make = (): socket.Socket =>
        socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, {
          driver: 'memory',
        });
      const [sock, client] = [make(), make()];
      sock.bind(['127.0.0.1', 0]);
      await using _server = await serveHttp(site, undefined, undefined, { ...options, sock });
      await loop.sockConnect(client, sock.getsockname() as [string, number]);
      await loop.sockSendall(client, Buffer.from(text));
      const begin = loop.time();
      const received: Uint8Array[] = [];
      for (let data = await loop.sockRecv(client, 9999); data.length > 0; ) {
        received.push(data);
        data = await loop.sockRecv(client, 9999);
      }
      client.close();
      await settle();
      return [withoutDates(Buffer.concat(received)), Math.round(loop.time() - begin)];
    });

  it('disconnects silent clients, between two requests and within one', async () => {
    const hello = answered('200 OK', 'hello', 'Content-Type: text/plain');

    assert.equal(await waited(get('/'), { idleTimeout: 30 }), [hello, 30]);
    assert.equal(await waited('GET / HT', { idleTimeout: 30 }), ['', 30]);
    assert.equal(await waited('GET / HT', {}), ['', 60]);
  });

  it('ends a connection that lasts too long if there is a limit', async () => {
    assert.equal(await waited('GET / HT', { handlerTimeout: 20 }), ['', 20]);
  });

  for (const [what, response, report] of [
    [
      'two lines',
      { headers: { a: 'b\r\nc: d' } },
      /^header "a" has characters that cannot be sent$/,
    ],
    [
      'characters that become line ends',
      { headers: { a: 'b\u010d\u010ac: d' } },
      /^header "a" has/,
    ],
    ['a name that is none', { headers: { 'a b': 'c' } }, /^header "a b" has characters/],
    [
      'a second length',
      { headers: { 'content-length': '1' } },
      /^header content-length is written/,
    ],
    ['a status of two lines', { status: '200 OK\r\na: b' as never }, /^status must be an integer/],
    ['the status of an interim response', { status: 101 }, /^status must be an integer from 200/],
  ] as const)
    it(`sends no response with ${what}`, () =>
      asyncio.run(async () => {
        const reports: string[] = [];
        asyncio.getRunningLoop().setExceptionHandler((_loop, { exception }) => {
          reports.push((exception as Error).message);
        });
        const handler = (): HttpResponse => response;
        await onSite('node', async ({ ask }) => assert.is(await ask(get('/')), ''), { handler });

        assert.is(reports.length, 1);
        assert.match(String(reports[0]), report);
      }));

  it('responds with the body of the request as it arrives', () =>
    asyncio.run(() =>
      onSite(
        'node',
        async ({ ask }) => {
          assert.is(
            await ask(asked('POST', '/', 'a body') + get('/', 'Connection: close')),
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na body\r\n0\r\n\r\n' +
              'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
          );
        },
        { handler: ({ body }) => ({ body }) },
      ),
    ));

  it('aborts a response that is made of a malformed body', () =>
    asyncio.run(() =>
      onSite(
        'node',
        async ({ port }) => {
          using client = await Client.to(port);
          await client.send(asked('POST', '/', '', 'Transfer-Encoding: chunked'));
          await client.send('3\r\nabc\r\n');
          assert.match(String(await client.receive(92)), /3\r\nabc\r\n$/);
          await client.send(`x\r\n${get('/smuggled')}`);

          assert.is(String(await client.rest()), '');
        },
        { handler: ({ body }) => ({ body }) },
      ),
    ));

  it('refuses a request that does not arrive in time, even if bytes keep arriving', () =>
    runVirtual(async () => {
      const slow = async (begin: string, requestTimeout: number): Promise<string> => {
        const make = (): socket.Socket =>
          socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, {
            driver: 'memory',
          });
        const [sock, client] = [make(), make()];
        sock.bind(['127.0.0.1', 0]);
        await using _server = await serveHttp(site, undefined, undefined, { sock, requestTimeout });
        const loop = asyncio.getRunningLoop();
        await loop.sockConnect(client, sock.getsockname() as [string, number]);
        await loop.sockSendall(client, Buffer.from(begin));
        const drip = asyncio.createTask(async () => {
          while (true) {
            await asyncio.sleep(1);
            await loop.sockSendall(client, Buffer.from('a'));
          }
        });
        const received = await loop.sockRecv(client, 9999);
        drip.cancel();
        client.close();
        await settle();
        return withoutDates(Buffer.from(received));
      };

      assert.is(
        await slow('GET / HTTP/1.1\r\nA: ', 100),
        closing('408 Request Timeout', 'request not sent in time\n'),
      );
      assert.is(
        await slow(`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n`, 100),
        closing('408 Request Timeout', 'body not sent in time\n'),
      );
    }));
});

behaviour('examples/http/main.ts', (it) => {
  const hasCurl = spawnSync('curl', ['--version']).status === 0;
  const serves = async (use: (port: number) => Promise<void>): Promise<void> => {
    const port = await freePort();
    const env = { PORT: String(port) };
    await using program = Program.typescript('examples/http/main.ts', [], { env });
    await program.shows(/^http:/);
    await use(port);
    program.signal('SIGTERM');
    assert.equal(await program.ends(), { status: 0, signal: null });
    assert.match(program.stdout, /\n\d+ connections finished, 0 were cut off\n$/);
    assert.is(program.stderr, '');
  };

  it(
    'serves a page, and exits on SIGTERM',
    async () => {
      await serves(async (port) => {
        const { text } = await fetched(port, undefined, '/', '');
        assert.match(text, /<h1>It works<\/h1>/);
      });
    },
    { seconds: 20 },
  );

  const curled = (): Promise<void> =>
    serves(async (port) => {
      const curl = async (...args: string[]): Promise<string> => {
        const [path, ...rest] = args;
        const { stdout } = await runCommand('curl', [
          '-sS',
          ...rest,
          `http://127.0.0.1:${port}${path}`,
        ]);
        return stdout;
      };
      assert.is(await curl('/hello'), 'Hello, world!\n');
      assert.is(await curl('/count'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ''].join('\n'));
      assert.match(
        await curl('/hello', '--head'),
        /^HTTP\/1.1 200 OK\r\n.*Content-Length: 14\r\n/s,
      );
      assert.match(await curl('/headers', '-A', 'me'), /^user-agent: me$/m);
      assert.is(await curl('/echo', '-d', 'a=b'), 'a=b');
      assert.is(await curl('/echo', '-d', 'a=b', '-H', 'Transfer-Encoding: chunked'), 'a=b');
      assert.is(await curl('/echo', '-d', 'a=b', '-H', 'Expect: 100-continue'), 'a=b');
      assert.match(await curl('/', '-i', '-X', 'PUT'), /^HTTP\/1.1 405 /);
      assert.match(await curl('/nowhere', '-i'), /^HTTP\/1.1 404 /);
    });
  if (hasCurl) it('serves curl', curled, { seconds: 20 });
  else it.skip('serves curl', 'there is no curl', curled);
});

/** What Node's own client gets: the text, and the port that it asked from. */
function fetched(
  port: number,
  agent: Agent | undefined,
  path: string,
  body: string,
): Promise<{ text: string; localPort: number | undefined }> {
  const method = path === '/echo' ? 'POST' : 'GET';
  return new Promise((resolve, reject) => {
    const sent = nodeRequest({ port, path, method, agent }, (response: IncomingMessage) => {
      const { localPort } = response.socket;
      let text = '';
      response.setEncoding('latin1').on('data', (data: string) => {
        text += data;
      });
      response.on('error', reject).on('end', () => resolve({ text, localPort }));
    });
    sent.on('error', reject).end(method === 'POST' ? body : undefined);
  });
}
