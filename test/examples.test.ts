/** Every file of examples/, run as a user would run it, and what it prints. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { Client } from './support/client.ts';
import { seeDownloads } from './support/downloads.ts';
import { freePort, Program, root } from './support/program.ts';

/** What each example must do. */
const scenarios: Record<string, () => Promise<void>> = {
  'demo.ts': async () => {
    await using demo = Program.typescript('examples/demo.ts', ['--quick']);

    // Five processes, one after another: on a busy machine each takes its time.
    assert.equal(await demo.ends(80), { status: 0, signal: null }, demo.stdout + demo.stderr);
    assert.is(demo.stderr, '');
    assert.match(demo.stdout, /\n {2}boom +reported after \d+\.\d+ s and \d+\.\d+ s +reported at/);
    assert.match(demo.stdout, /\nEverything happened as expected\.\n$/);
  },

  'downloads.ts': () => seeDownloads((urls) => Program.typescript('examples/downloads.ts', urls)),

  'fowler/echo.ts': async () => {
    await using server = await serving('fowler/echo');
    const [one, two] = [await server.client(), await server.client()];

    assert.is(await one.converse('hello'), 'hello');
    assert.is(await two.converse('boom\r\n'), 'boom\r\n');
    assert.is(await one.converse('again'), 'again');

    assert.equal(await server.interrupted(), { printed: '', reported: '' });
  },

  'channel/pipeline.ts': async () => {
    await using pipeline = Program.typescript('examples/channel/pipeline.ts');

    assert.equal(await pipeline.ends(20), { status: 0, signal: null }, pipeline.stderr);
    const lines = pipeline.stdout.trim().split('\n');
    assert.is(lines.at(-1), '9 squares');
    assert.equal(
      lines.slice(0, -1).sort(),
      Array.from({ length: 9 }, (_, n) => `${n + 1}² = ${(n + 1) ** 2}`),
    );
  },

  'simulation/counter.ts': async () => {
    await using counter = Program.typescript('examples/simulation/counter.ts');

    assert.equal(await counter.ends(20), { status: 0, signal: null }, counter.stderr);
    // What docs/simulation.md shows is what it prints.
    const page = readFileSync(new URL('../docs/simulation.md', import.meta.url), 'utf8');
    const blocks = [...page.matchAll(/^```\n([^`]*)^```$/gm)].map(([, text]) => text as string);
    const printed = counter.stdout.replace(/ +$/gm, '');
    assert.is(blocks.length, 4);
    for (const line of blocks.join('').trimEnd().split('\n'))
      assert.ok(printed.includes(line), `not printed: ${line}\n${printed}`);
  },

  'fowler/boom.ts': async () => {
    await using server = await serving('fowler/boom');
    const [one, two] = [await server.client(), await server.client()];

    await one.send('boom\r\n');
    await server.program.shows(/\n {4}at .*\n$/, { from: 'stderr' });
    assert.is(server.program.stderr, reportOf('boom', 'Task-2'));

    assert.is(await two.converse('hello'), 'hello');
    await two.send('boom\r\n');
    await server.program.shows(/Task-3[\s\S]*\n {4}at .*\n$/, { from: 'stderr' });
    assert.is(server.program.stderr, reportOf('boom', 'Task-2') + reportOf('boom', 'Task-3'));

    const three = await server.client();
    assert.is(await three.converse('hello'), 'hello');
    assert.equal(await server.interrupted(), { printed: '', reported: '' });
  },

  'fowler/tasks-list.ts': async () => {
    await using server = await serving('fowler/tasks-list');
    const [one, two, three] = [await server.client(), await server.client(), await server.client()];

    // Tasks that fail in one turn may be reported in either order.
    await one.send('boom\r\n');
    assert.is(await three.converse('hello'), 'hello');
    await two.send('boom\r\n');
    assert.is(await three.converse('hello'), 'hello');
    assert.is(server.program.stderr, '');

    assert.equal(await server.interrupted(), {
      printed: '',
      reported: reportOf('tasks-list', 'Task-2') + reportOf('tasks-list', 'Task-3'),
    });
  },

  'fowler/handled.ts': async () => {
    await using server = await serving('fowler/handled');
    const [one, two] = [await server.client(), await server.client()];

    assert.is(await one.converse('hello'), 'hello');
    await one.send('boom\r\n');
    assert.is((await one.rest()).length, 0);
    assert.is(await two.converse('hello'), 'hello');
    await server.program.shows(/(got data!\n){3}$/);

    // Whether Node itself is below on the stack depends on what else came in that turn.
    const ours = server.program.stderr.replace(/ {4}at .*\(node:internal\/.*\n/g, '');
    assert.is(ours, `ERROR: ${errorOf('handled')}`);
    assert.equal(await server.interrupted(), { printed: '', reported: '' });
    assert.is((await two.rest()).length, 0);
  },

  'twelve-lines.ts': async () => {
    await using server = await serving('twelve-lines');
    const [one, two] = [await server.client(), await server.client()];

    assert.is(await one.converse('hello'), 'hello');
    assert.is(await two.converse('hello'), 'hello');
    one.finish();
    assert.is((await one.rest()).length, 0);

    assert.equal(await server.interrupted(), { printed: '', reported: '' });
  },
};

behaviour('examples/', (it) => {
  const files = readdirSync(path.join(root, 'examples'), { recursive: true })
    .map((file) => String(file).split(path.sep).join('/'))
    .filter((file) => file.endsWith('.ts'))
    // Those of the articles are played beside Python's in test/parity/articles.
    .filter((file) => !/^(handlers|server|context-manager|protocol)\//.test(file))
    // These have tests of their own in test/examples.
    .filter((file) => !/^(enter|http|kv|pass-socket|resp|subprocess|tutorial)\//.test(file))
    .sort();

  it('has a test for every file, and only for these', () => {
    assert.equal(Object.keys(scenarios).sort(), files);
  });

  for (const [file, scenario] of Object.entries(scenarios))
    it(`${file} does what it says`, scenario, { seconds: 90 });
});

/** An example that serves on the port of the environment, running, with its clients. */
interface Serving extends AsyncDisposable {
  readonly program: Program;
  /** Connects a client, and waits until the server has said so. */
  client(): Promise<Client>;
  /** Ends it with Ctrl-C; answers what it printed after that, and after the line of that. */
  interrupted(): Promise<{ printed: string; reported: string }>;
}

async function serving(name: string): Promise<Serving> {
  const port = await freePort();
  const program = Program.typescript(`examples/${name}.ts`, [], {
    env: { PORT: String(port) },
  });
  const clients: Client[] = [];
  return {
    program,
    client: async () => {
      const client = await Client.to(port);
      clients.push(client);
      const address = client.address.replace(/[()]/g, '\\$&');
      await program.shows(new RegExp(`^Got a connection from ${address}$`, 'm'));
      return client;
    },
    interrupted: async () => {
      const before = { stdout: program.stdout.length, stderr: program.stderr.length };
      program.signal('SIGINT');
      assert.equal(await program.ends(), { status: 130, signal: null });
      const [line, ...reported] = program.stderr.slice(before.stderr).split('\n');
      assert.is(line, 'KeyboardInterrupt');
      return { printed: program.stdout.slice(before.stdout), reported: reported.join('\n') };
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

function reportOf(name: string, task: string): string {
  const [line] = placeOf(name, 'function echo(');
  return `\
Task exception was never retrieved
future: <Task finished name='${task}' coro=<echo() done, defined at examples/fowler/${name}.ts:${line}> exception=Error('Unexpected network error')>
${errorOf(name)}`;
}

function errorOf(name: string): string {
  const [line, column] = placeOf(name, 'new Error(');
  const file = path.join(root, `examples/fowler/${name}.ts`);
  return `Error: Unexpected network error\n    at echo (${file}:${line}:${column})\n`;
}

/** Line and column, from 1, of the first place of a listing that has these words. */
function placeOf(name: string, words: string): [line: number, column: number] {
  const source = readFileSync(path.join(root, `examples/fowler/${name}.ts`), 'utf8');
  const before = source.slice(0, source.indexOf(words)).split('\n');
  return [before.length, (before.at(-1)?.length ?? 0) + 1];
}
