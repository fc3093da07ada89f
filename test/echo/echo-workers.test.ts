import * as assert from 'uvu/assert';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Client } from '../support/client.ts';
import { Program } from '../support/program.ts';

/** Several threads of Node start, on a machine that may be busy. */
const CHILD: Options = { seconds: 20 };

/** A server with workers that listens, and clients of its, until the end of the test. */
class Serving implements AsyncDisposable {
  readonly program: Program;
  port = 0;
  readonly #clients: Client[] = [];

  private constructor(program: Program) {
    this.program = program;
  }

  static async with(
    workers: number,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Serving> {
    const program = command(workers, ['--port', '0', ...args], env);
    const serving = new Serving(program);
    const [, port] = await program.shows(/^echo: listening on \('.*', (\d+).* with \d+ workers; /);
    serving.port = Number(port);
    return serving;
  }

  /** Connects so many clients, and has each converse once: they are spread over the workers. */
  async clients(count: number, host?: string): Promise<Client[]> {
    const clients = await Promise.all(
      Array.from({ length: count }, () => Client.to(this.port, host === undefined ? {} : { host })),
    );
    this.#clients.push(...clients);
    for (const client of clients) assert.is(await client.converse('hello'), 'hello');
    return clients;
  }

  /** What it has said, without what it begins each line with. */
  get said(): string[] {
    return this.program.stdout.split('\n').map((line) => line.replace(/^echo: /, ''));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.program[Symbol.asyncDispose]();
  }
}

function command(workers: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  return Program.command(['echo', '--workers', String(workers), ...args], { env });
}

/** Runs the command to its end. */
async function run(...given: Parameters<typeof command>) {
  await using program = command(...given);
  const { status } = await program.ends(15);
  return { status, stdout: program.stdout, stderr: program.stderr };
}

/** What has the second worker fail. */
function failing(how: 'at the start' | 'when told' | 'silently' | 'in stopping') {
  return {
    FAILS: how,
    NODE_OPTIONS: '--require ./test/echo/fixtures/failing-worker.cjs',
  };
}

behaviour('asyncio-ts echo --workers', (it) => {
  it(
    'serves on several threads until Ctrl-C, and prints one summary for all',
    async () => {
      await using serving = await Serving.with(3);
      const clients = await serving.clients(60);
      for (const client of clients) client.finish();
      for (const client of clients) await client.rest();

      serving.program.signal('SIGINT');

      assert.equal(await serving.program.ends(), { status: 130, signal: null });
      const [listens, ...rest] = serving.said;
      const summary = rest.splice(60).join('\n');
      assert.is(
        listens,
        `listening on ('127.0.0.1', ${serving.port}) with 3 workers; Ctrl-C stops`,
      );
      assert.equal(
        [...new Set(rest.map((line) => line.replace(/got a connection from \(.*\)$/, '…')))].sort(),
        ['worker 1: …', 'worker 2: …', 'worker 3: …'],
      );
      assert.match(
        summary,
        /^60 connections, 60 messages, 300 bytes in \d+\.\d s: \d.* messages\/s\n$/,
      );
      assert.is(serving.program.stderr, '');
    },
    CHILD,
  );

  for (const style of ['streams', 'protocol'])
    it(
      `serves in the style of ${style}, and stops gracefully`,
      async () => {
        await using serving = await Serving.with(2, ['--style', style, '--grace', '60']);
        const clients = await serving.clients(40);

        serving.program.signal('SIGINT');
        for (const worker of [1, 2])
          await serving.program.shows(new RegExp(`worker ${worker}: stopping: waiting up to 60 s`));
        for (const client of clients) {
          assert.is(await client.converse('after'), 'after');
          client.finish();
        }

        assert.equal(await serving.program.ends(), { status: 130, signal: null });
        assert.match(serving.program.stdout, /\necho: 40 connections, 80 messages, 400 bytes in /);
        assert.is(serving.program.stderr, '');
      },
      CHILD,
    );

  it(
    'gives the clients of all workers time to finish on SIGTERM, with status 143',
    async () => {
      await using serving = await Serving.with(2, ['--grace', '60', '--quiet']);
      const clients = await serving.clients(40);

      serving.program.signal('SIGTERM');
      for (const worker of [1, 2])
        await serving.program.shows(new RegExp(`worker ${worker}: stopping: waiting up to 60 s`));
      for (const client of clients) {
        assert.is(await client.converse('after'), 'after');
        client.finish();
      }

      assert.equal(await serving.program.ends(), { status: 143, signal: null });
      assert.match(serving.program.stdout, /\necho: 40 connections, 80 messages, 400 bytes in /);
      assert.is(serving.program.stderr, '');
    },
    CHILD,
  );

  it(
    'accepts no new clients while it waits for existing ones',
    async () => {
      await using serving = await Serving.with(2, ['--grace', '60', '--quiet']);
      await serving.clients(40);

      serving.program.signal('SIGINT');
      for (const worker of [1, 2])
        await serving.program.shows(new RegExp(`worker ${worker}: stopping`));

      const refused = await Client.to(serving.port, { seconds: 0 }).catch(({ code }) => code);
      assert.is(refused, 'ECONNREFUSED');
    },
    CHILD,
  );

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    it(
      `stops all workers immediately on a second ${signal}`,
      async () => {
        await using serving = await Serving.with(2, ['--grace', '60', '--quiet']);
        const [client] = await serving.clients(40);

        serving.program.signal(signal);
        for (const worker of [1, 2])
          await serving.program.shows(new RegExp(`worker ${worker}: stopping`));
        serving.program.signal(signal);

        assert.equal(await serving.program.ends(), { status, signal: null });
        assert.is((await client?.rest())?.length, 0);
        assert.is(serving.program.stderr, '');
      },
      CHILD,
    );

  it(
    'listens on ::1',
    async () => {
      await using serving = await Serving.with(2, ['--host', '::1', '--quiet']);

      await serving.clients(10, '::1');

      assert.is(
        serving.said[0],
        `listening on ('::1', ${serving.port}, 0, 0) with 2 workers; Ctrl-C stops`,
      );
    },
    CHILD,
  );

  it(
    'shares its port with no other process, with or without workers',
    async () => {
      await using serving = await Serving.with(2);
      const port = String(serving.port);
      const refused = {
        status: 1,
        stdout: '',
        stderr: `asyncio-ts: cannot listen on 127.0.0.1:${port}: [Errno 98] Address already in use\n`,
      };

      assert.equal(await run(2, ['--port', port]), refused);
      assert.equal(await run(1, ['--port', port]), refused);
    },
    CHILD,
  );

  it(
    'explains why another driver cannot be used, with status 1',
    async () => {
      const reason = "only the posix driver can, and ASYNCIO_SOCKETS is 'node'";

      assert.equal(await run(2, ['--port', '0'], { ASYNCIO_SOCKETS: 'node' }), {
        status: 1,
        stdout: '',
        stderr: `asyncio-ts: 2 workers cannot share a port: ${reason}\n`,
      });
    },
    CHILD,
  );

  it(
    'explains why it fails if the driver does not load, with status 1',
    async () => {
      const without = { NODE_OPTIONS: '--require ./test/echo/fixtures/without-koffi.cjs' };
      const { status, stdout, stderr } = await run(2, ['--port', '0'], without);

      assert.is(status, 1);
      assert.is(stdout, '');
      assert.match(stderr, /^asyncio-ts: 2 workers cannot share a port: .*'koffi'\n$/);
    },
    CHILD,
  );
});

behaviour('asyncio-ts echo --workers if a worker fails', (it) => {
  it(
    'to start: explains why, stops the others, and exits with status 1',
    async () => {
      const { status, stdout, stderr } = await run(3, ['--port', '0'], failing('at the start'));

      assert.is(status, 1);
      assert.is(stdout, '');
      assert.match(stderr, /^asyncio-ts: worker 2 failed: Error: planted\n +at fail/);
      assert.match(stderr, /\nasyncio-ts: 1 of 3 workers failed\n$/);
    },
    CHILD,
  );

  for (const [how, reason] of [
    ['when told', /^asyncio-ts: worker 2 failed: Error: planted\n/],
    ['silently', /^asyncio-ts: worker 2 failed: its thread ended with status 3\n/],
  ] as const)
    it(
      `${how === 'silently' ? 'without an error' : 'with an error'}: reports it, stops the others, and includes its counts`,
      async () => {
        await using serving = await Serving.with(2, ['--grace', '0', '--quiet'], failing(how));
        await serving.clients(40);

        serving.program.signal('SIGUSR2');

        assert.equal(await serving.program.ends(), { status: 1, signal: null });
        assert.match(serving.program.stderr, reason);
        assert.match(serving.program.stderr, /\nasyncio-ts: 1 of 2 workers failed\n$/);
        assert.match(String(serving.said.at(-2)), /^40 connections, 40 messages, 200 bytes in /);
      },
      CHILD,
    );

  it(
    'to stop: explains why, and exits with status 1',
    async () => {
      await using serving = await Serving.with(2, [], failing('in stopping'));

      serving.program.signal('SIGINT');

      assert.equal(await serving.program.ends(), { status: 1, signal: null });
      assert.match(serving.program.stderr, /^asyncio-ts: worker 2 failed: Error: planted\n/);
      assert.match(serving.program.stdout, /\necho: 0 connections, 0 messages, 0 bytes in /);
    },
    CHILD,
  );
});
