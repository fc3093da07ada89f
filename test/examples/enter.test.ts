import { get } from 'node:http';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runCommand, runFile } from '../support/child.ts';
import { freePort, Program } from '../support/program.ts';

/** Gets a path of a server on this machine. */
function fetched(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    }).on('error', reject);
  });
}

behaviour('examples/enter', (it) => {
  for (const name of ['http', 'express', 'fastify'])
    it(
      `${name} answers, limits the time, and cancels when the client leaves`,
      async () => {
        const port = await freePort();
        await using server = Program.typescript(`examples/enter/${name}.ts`, [], {
          env: { PORT: String(port) },
        });
        await server.shows(/listening/);

        const answers = [fetched(port, '/?seconds=0'), fetched(port, '/?seconds=60')];
        const [fast, slow] = await Promise.all(answers);
        const leaving = get({ port, host: '127.0.0.1', path: '/?seconds=61', agent: false });
        leaving.on('error', () => {});
        await server.shows(/asked for .*61\n/);
        leaving.destroy();
        await server.shows(/cancelled\nthe client left\n/);

        assert.equal(fast, { status: 200, text: 'done\n' });
        assert.is(slow?.status, 504);
        assert.is(server.stderr, '');
      },
      { seconds: 30 },
    );

  it(
    'service limits the time, and finishes what it has begun',
    async () => {
      const port = await freePort();
      const env = { PORT: String(port) };
      await using server = Program.typescript('examples/enter/service.ts', [], { env });
      await server.shows(/listening/);
      assert.is((await fetched(port, '/report?seconds=60')).status, 504);
      await server.shows(/ended\n/);

      const begun = fetched(port, '/report?seconds=1');
      // The other requests are being handled when this one is answered.
      await fetched(port, '/report?seconds=0');
      server.signal('SIGTERM');
      assert.equal(await begun, { status: 200, text: 'done\n' });
      assert.equal(await server.ends(), { status: 0, signal: null });
      assert.is(server.stderr, '');
    },
    { seconds: 30 },
  );

  it(
    'express finishes what it has begun',
    async () => {
      const port = await freePort();
      const env = { PORT: String(port) };
      await using server = Program.typescript('examples/enter/express.ts', [], { env });
      await server.shows(/listening/);

      const begun = fetch(`http://127.0.0.1:${port}/?seconds=0.2`).then((got) => got.text());
      await server.shows(/asked for/);
      server.signal('SIGTERM');
      assert.is(await begun, 'done\n');
      // Long before the connection has been idle for five seconds, which is Node's limit.
      assert.equal(await server.ends(4), { status: 0, signal: null });
      assert.is(server.stderr, '');
    },
    { seconds: 30 },
  );

  it(
    'node-test passes under node:test',
    async () => {
      const { status, stdout, stderr } = await runFile('examples/enter/node-test.ts');

      assert.is(stderr, '');
      assert.match(stdout, /pass 2/);
      assert.is(status, 0);
    },
    { seconds: 30 },
  );

  it(
    'vitest passes under vitest',
    async () => {
      const args = ['node_modules/vitest/vitest.mjs', 'run', 'examples/enter/vitest.test.ts'];
      const { status, stdout } = await runCommand(process.execPath, args);

      assert.match(stdout, /2 passed/);
      assert.is(status, 0);
    },
    { seconds: 60 },
  );
});
