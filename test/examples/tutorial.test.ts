/** The programs of docs/tutorial, run as a reader would run them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Client } from '../support/client.ts';
import { freePort, Program, root } from '../support/program.ts';

/** The programs that print something and end. What they print is on their pages. */
const ENDING = ['1-tasks', '2-cancel', '3-timeouts', '4-groups', '5-queues'];
const SERVING = ['6-server', '7-shutdown'];
const TESTED = ['8-retry', '8-retry.test'];

async function listening(name: string): Promise<readonly [Program, number]> {
  const port = await freePort();
  const env = { PORT: String(port) };
  const program = Program.typescript(`examples/tutorial/${name}.ts`, [], { env });
  await program.shows(/listening/);
  return [program, port];
}

behaviour('docs/tutorial', (it) => {
  it('has no program that is not run here', () => {
    assert.equal(
      readdirSync(path.join(root, 'examples/tutorial')).sort(),
      [...ENDING, ...SERVING, ...TESTED].map((name) => `${name}.ts`).sort(),
    );
  });

  for (const name of ENDING)
    it(`shows what ${name} prints`, async () => {
      await using program = Program.typescript(`examples/tutorial/${name}.ts`);

      assert.equal(await program.ends(), { status: 0, signal: null }, program.stderr);
      assert.is(program.stderr, '');
      assert.is(
        program.stdout,
        readFileSync(path.join(root, `test/examples/tutorial/${name}.txt`), 'utf8'),
      );
    });

  it('6-server passes on what each client says', async () => {
    const [program, port] = await listening('6-server');
    await using server = program;
    using ann = await Client.to(port);
    assert.is(await ann.converse('ann\n'), 'Your');
    assert.is(String(await ann.receive(17)), ' name? ann joins\n');
    using nameless = await Client.to(port);
    nameless.finish();
    assert.is(String(await nameless.receive(Infinity)), 'Your name? ');
    using bob = await Client.to(port);
    await bob.send('bob\n');
    assert.is(String(await ann.receive(10)), 'bob joins\n');
    await bob.send('hello\n');
    assert.is(String(await ann.receive(11)), 'bob: hello\n');
    bob.finish();
    assert.is(String(await ann.receive(11)), 'bob leaves\n');

    server.signal('SIGINT');
    assert.is((await server.ends()).status, 130);
    assert.is(server.stderr, 'KeyboardInterrupt\n');
  });

  it('7-shutdown answers its clients before it stops', async () => {
    const [program, port] = await listening('7-shutdown');
    await using server = program;
    using client = await Client.to(port);
    await client.send('hello\n');
    server.signal('SIGTERM');
    await server.shows(/stopping/);
    assert.is(String(await client.receive(6)), 'hello\n');
    client.finish();

    assert.equal(await server.ends(), { status: 0, signal: null }, server.stderr);
    assert.match(server.stdout, /stopping\nstopped\n$/);
    assert.is(server.stderr, '');
  });

  it('8-retry.test passes', async () => {
    await using tests = Program.node('--import', [
      'tsx',
      '--test',
      'examples/tutorial/8-retry.test.ts',
    ]);

    assert.equal(await tests.ends(), { status: 0, signal: null }, tests.stdout);
    assert.match(tests.stdout, /pass 3\n/);
  });
});
