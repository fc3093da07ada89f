import { request } from 'node:http';
import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { freePort, Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };

const BUSY = 'test/inspect/children/busy.ts';

interface Page {
  readonly program: Program;
  readonly looker: Program;
  readonly url: URL;
}

async function withPage(use: (page: Page) => Promise<void>, args: string[] = []): Promise<void> {
  await using program = Program.typescript(BUSY, [], ANY_PORT);
  await program.shows(/busy/);
  await using looker = Program.command(['inspect', String(program.pid), ...args]);
  const [url] = await looker.shows(/http:\S+/);
  await use({ program, looker, url: new URL(url) });
}

/** What the page answers; of events, the first. */
async function get(
  url: URL,
  { path = url.pathname, method = 'GET', host = url.host } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: url.port, path, method, headers: { host } };
    const asked = request(options, (answer) => {
      let text = '';
      const end = (): void => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        asked.destroy();
      };
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (text.startsWith('data:') && text.endsWith('\n\n')) end();
      });
      answer.once('end', end);
    });
    asked.once('error', reject).end();
  });
}

behaviour('asyncio-ts inspect', (it) => {
  it(
    'serves a page at its secret address only',
    async () => {
      await withPage(async ({ url, program }) => {
        assert.is(url.hostname, '127.0.0.1');
        assert.ok(url.pathname.length > 20);
        const page = await get(url);
        assert.is(page.status, 200);
        assert.is(page.headers['cache-control'], 'no-store');
        assert.is(page.headers['referrer-policy'], 'no-referrer');
        const policy = String(page.headers['content-security-policy']);
        assert.match(policy, /^default-src 'none'; script-src 'nonce-/);
        assert.not.match(policy, /unsafe/);
        assert.not.match(page.text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)|NONCE/);
        const nonces = [page.text, (await get(url)).text].map(
          (text) => /nonce="?([\w+/=-]+)/.exec(text)?.[1],
        );
        assert.ok(nonces[0] !== undefined && nonces[0] !== nonces[1]);

        const events = await get(url, { path: `${url.pathname}events` });
        assert.is(events.headers['content-type'], 'text/event-stream');
        const [first] = JSON.parse(events.text.slice('data: '.length));
        assert.is(first.process.pid, program.pid);
        assert.not.match(events.text, /\u202e/);

        const localhost = await get(url, { host: `localhost:${url.port}` });
        assert.is(localhost.status, 200);
        const refused = [
          await get(url, { path: '/' }),
          await get(url, { path: '/events' }),
          await get(url, { path: `${url.pathname}x` }),
          await get(url, {
            path: url.pathname.replace(/.\/$/, (end) => (end === 'x/' ? 'y/' : 'x/')),
          }),
          await get(url, { host: `evil.example:${url.port}` }),
          await get(url, { host: 'evil.example', path: `${url.pathname}events` }),
          await get(url, { host: '127.0.0.1' }),
          await get(url, { method: 'POST' }),
        ];
        assert.equal(
          refused.map(({ status }) => status),
          [404, 404, 404, 404, 403, 403, 403, 405],
        );
        for (const { text } of refused) assert.not.match(text, new RegExp(url.pathname));
      });
    },
    CHILDREN,
  );

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)
    it(
      `leaves the program as it was after ${signal}`,
      async () => {
        await withPage(async ({ program, looker, url }) => {
          const before = listeningAt(program.pid);
          const watching = get(url, { path: `${url.pathname}events` });
          await watching;
          process.kill(looker.pid, signal);
          const ending = await looker.ends();
          assert.is(ending.status, status);
          // The system's lists of ports and of descriptors are not of one moment.
          await until(() => listeningAt(program.pid).size === before.size - 1);
        });
      },
      CHILDREN,
    );

  it(
    'exits when the program has exited, and says so',
    async () => {
      await withPage(async ({ program, looker }) => {
        process.kill(program.pid, 'SIGKILL');
        assert.is((await looker.ends()).status, 1);
        assert.match(looker.stderr, /^asyncio-ts: [^\n]+\n$/);
      });
    },
    CHILDREN,
  );

  it(
    'accepts a port, and says so if it is not available',
    async () => {
      const port = await freePort();
      await withPage(
        async ({ url }) => {
          assert.is(url.port, String(port));
          await using program = Program.typescript(BUSY, [], ANY_PORT);
          await program.shows(/busy/);
          await using other = Program.command([
            'inspect',
            String(program.pid),
            '--port',
            String(port),
          ]);
          assert.is((await other.ends()).status, 1);
          assert.match(
            other.stderr,
            /^asyncio-ts: cannot listen on 127\.0\.0\.1:\d+: [^\n]*EADDRINUSE[^\n]*\n$/,
          );
        },
        ['--port', String(port)],
      );
      for (const args of [['inspect'], ['inspect', '1', '2'], ['inspect', '1', '--port', 'x']]) {
        await using wrong = Program.command(args);
        assert.is((await wrong.ends()).status, 2);
        assert.is(wrong.stderr.trimEnd().split('\n').length, 1);
      }
      await using nobody = Program.command(['inspect', '999999999']);
      assert.is((await nobody.ends()).status, 1);
      assert.match(nobody.stderr, /^asyncio-ts: no such process: 999999999\n$/);
    },
    CHILDREN,
  );
});
