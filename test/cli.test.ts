import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour, type Options } from './support/behaviour.ts';
import { Client } from './support/client.ts';
import { Program, root } from './support/program.ts';
import { converse, tlsClient } from './support/tls-client.ts';

/** A start of Node takes a tenth of a second, and several on a busy machine. */
const CHILD: Options = { seconds: 10 };

/** Lets a program read only the files that it is allowed to. */
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/** Runs the command to its end. */
async function run(...args: string[]) {
  await using program = Program.command(args);
  const { status } = await program.ends();
  return { status, stdout: program.stdout, stderr: program.stderr };
}

/** What the command does with each of `lines`, to its end; in one process, for it only has to refuse them. */
async function runEach(lines: readonly (readonly string[])[]) {
  const text = `
    const outcomes = ${JSON.stringify(lines)}.map((args) => ({ args, status: 0, stdout: '', stderr: '' }));
    const write = process.stdout.write.bind(process.stdout);
    for (const [n, outcome] of outcomes.entries()) {
      for (const name of ['stdout', 'stderr']) {
        process[name].write = (text) => (outcome[name] += text) !== '';
        process[name].removeAllListeners('error');
      }
      process.argv = [process.execPath, 'dist/cli.js', ...outcome.args];
      await import('./dist/cli.js?' + n);
      outcome.status = process.exitCode;
      process.exitCode = 0;
    }
    write(JSON.stringify(outcomes));`;
  await using program = Program.node('--input-type=module', ['--eval', text]);
  assert.equal(await program.ends(), { status: 0, signal: null }, program.stderr);
  type Outcome = Awaited<ReturnType<typeof run>>;
  const outcomes = JSON.parse(program.stdout) as (Outcome & { args: string[] })[];
  return outcomes.map(({ status, stdout, stderr }): Outcome => ({ status, stdout, stderr }));
}

/** Starts the server on a free port, and waits until it listens. */
async function serve(...args: string[]): Promise<{ server: Program; port: number }> {
  const server = Program.command(['echo', '--port', '0', ...args]);
  const [, port] = await server.shows(/listening on \('.*', (\d+)/);
  return { server, port: Number(port) };
}

behaviour('asyncio-ts', (it) => {
  it(
    'prints its usage on request',
    async () => {
      const { status, stdout, stderr } = await run('--help');

      assert.is(status, 0);
      assert.match(stdout, /^Usage: asyncio-ts \[COMMAND\] \[OPTIONS\]\n/);
      for (const option of ['host', 'port', 'tls', 'workers', 'quiet', 'grace', 'help', 'version'])
        assert.match(stdout, `\n  --${option} `);
      assert.is(stderr, '');
    },
    CHILD,
  );

  it(
    'loads nothing else for that',
    async () => {
      const files = ['dist/cli.js', 'package.json', 'dist/package.json'];
      const args = files.map((file) => `--allow-fs-read=${path.join(root, file)}`);
      await using program = Program.node(PERMISSION, [...args, 'dist/cli.js', '--help']);

      assert.equal(await program.ends(), { status: 0, signal: null }, program.stderr);
      assert.match(program.stdout, /^Usage: /);
    },
    CHILD,
  );

  it(
    'accepts, for each command, exactly the options in its help',
    async () => {
      const { stdout: help } = await run('--help');
      const own = new Map<string, string[]>();
      const commands = [
        ...(/\nCommands:\n(.*?)\n\n/s.exec(help)?.[1]?.matchAll(/^ {2}(\w+) /gm) ?? []),
      ];
      for (const [, command = ''] of commands) own.set(command, []);
      for (const [, names = '', section = ''] of help.matchAll(
        /\nOptions of (.*?):\n(.*?)\n(?=\n)/gs,
      ))
        for (const command of names.split(' and '))
          own.set(
            command,
            [...section.matchAll(/^ {2}(?:-\w, )?--(\w+)/gm)].map(([, option = '']) => option),
          );
      assert.is(own.size, 9);

      const outcomes = await runEach([...own.keys()].map((command) => [command, '--nope']));

      assert.equal(
        outcomes.map(({ stderr }) => stderr.split(', only ')[1]),
        [...own.values()].map(
          (options) => `${[...options, 'help', 'version'].map((each) => `--${each}`).join(', ')}\n`,
        ),
      );
    },
    { seconds: 20 },
  );

  it('loads nothing of the library before it knows the command', () => {
    const text = readFileSync(path.join(root, 'dist', 'cli.js'), 'utf8');

    assert.not.match(text, /import[ {*"'][^(]*["']\./);
  });

  it(
    'prints its version',
    async () => {
      const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

      assert.equal(await run('--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
    },
    CHILD,
  );

  const misused: [args: string[], complaint: string][] = [
    [['repl', 'more'], 'unexpected argument for repl: more'],
    [['ps'], 'ps needs a process ID, or the path of a listening program'],
    [['ps', '1', 'more'], 'unexpected argument for ps: more'],
    [['why', '1'], 'why needs the name of a task'],
    [['simulate'], 'simulate needs a file'],
    [['simulate', 'a', 'b'], 'unexpected argument for simulate: b'],
    [
      ['simulate', 'a', '--runs', '0'],
      `--runs must be an integer from 1 to ${Number.MAX_SAFE_INTEGER}, got '0'`,
    ],
    [['simulate', 'a', '--jobs', 'x'], "--jobs must be an integer from 1 to 256, got 'x'"],
    [['simulate', 'a', '--faults', 'heck'], "--faults must be calm, rough or hell, got 'heck'"],
    [
      ['nope'],
      'no such command: nope, only repl, echo, ps, pstree, why, top, trace, inspect, simulate',
    ],

    [['echo', 'more'], 'unexpected argument for echo: more'],
    [
      ['echo', '--nope'],
      'echo has no option --nope, only --host, --port, --style, --tls, --workers, --quiet, --grace, --help, --version',
    ],
    [['ps', '1', '--svg', 'x'], 'ps has no option --svg, only --all, --json, --help, --version'],
    [['why', '1', 'main', '-o'], 'why has no option -o, only --help, --version'],
    [['--json'], 'repl has no option --json, only --help, --version'],
    [['echo', '--port'], "Option '--port <value>' argument missing"],
    [['echo', '--port', '65536'], "--port must be an integer from 0 to 65535, got '65536'"],
    [['echo', '--port', '8.5'], "--port must be an integer from 0 to 65535, got '8.5'"],
    [['echo', '--workers', '0'], "--workers must be an integer from 1 to 256, got '0'"],
    [['echo', '--workers', '1000'], "--workers must be an integer from 1 to 256, got '1000'"],
    [['echo', '--grace=-1'], "--grace must be a number of seconds >= 0, got '-1'"],
    [
      ['echo', '--tls', '--style', 'sock'],
      'the sock style cannot encrypt: --tls needs --style streams or protocol',
    ],
    [['echo', '--style', 'odd'], "--style must be one of sock, streams, protocol, got 'odd'"],
    [['echo', '--grace', ''], "--grace must be a number of seconds >= 0, got ''"],
  ];
  it(
    'refuses what it does not understand, with status 2 and a reason',
    async () => {
      const lines = misused.map(([args]) => args);
      const outcomes = await runEach(lines);

      assert.equal(await run(...(lines[0] ?? [])), outcomes[0]);
      for (const [n, [, complaint]] of misused.entries())
        assert.equal(outcomes[n], {
          status: 2,
          stdout: '',
          stderr: `asyncio-ts: ${complaint}\n`,
        });
    },
    { seconds: 20 },
  );
});

behaviour('asyncio-ts echo', (it) => {
  it(
    'serves until Ctrl-C, prints a summary, and exits with status 130',
    async () => {
      const { server, port } = await serve();
      await using _ = server;
      using client = await Client.to(port);
      const { address } = client;
      assert.is(await client.converse('hello'), 'hello');
      client.finish();
      assert.is((await client.rest()).length, 0);

      server.signal('SIGINT');

      assert.equal(await server.ends(), { status: 130, signal: null });
      const [listens, connection, summary, ...more] = server.stdout.split('\n');
      assert.is(listens, `echo: listening on ('127.0.0.1', ${port}); Ctrl-C stops`);
      assert.is(connection, `echo: got a connection from ${address}`);
      assert.match(
        String(summary),
        /^echo: 1 connection, 1 message, 5 bytes in \d+\.\d s: \d+ messages\/s$/,
      );
      assert.equal(more, ['']);
      assert.is(server.stderr, '');
    },
    CHILD,
  );

  for (const style of ['streams', 'protocol'])
    it(
      `does the same in another style: --style ${style}`,
      async () => {
        const { server, port } = await serve('--style', style, '--grace', '0.1');
        await using _ = server;
        using client = await Client.to(port);
        assert.is(await client.converse('hello'), 'hello');

        server.signal('SIGINT');

        assert.is((await client.rest()).length, 0);
        assert.equal(await server.ends(), { status: 130, signal: null });
        assert.match(
          server.stdout,
          /stopping: .*\necho: closing 1 connection\necho: 1 connection, /,
        );
        assert.is(server.stderr, '');
      },
      CHILD,
    );

  for (const more of [[], ['--style', 'protocol'], ['--workers', '2', '--style', 'protocol']])
    it(
      `encrypts with a certificate of its own: ${['--tls', ...more].join(' ')}`,
      async () => {
        const { server, port } = await serve('--tls', ...more);
        await using _ = server;
        const client = await tlsClient(port);
        assert.is(String(await converse(client, 'hello')), 'hello');

        const { fingerprint256 } = client.getPeerCertificate();
        assert.match(server.stdout, `echo: certificate SHA-256 ${fingerprint256}\n`);
        client.end();
        await once(client, 'close');
        server.signal('SIGINT');

        assert.equal(await server.ends(), { status: 130, signal: null });
        assert.match(server.stdout, /\necho: 1 connection, 1 message, 5 bytes in /);
        assert.is(server.stderr, '');
      },
      CHILD,
    );

  it(
    'stops on SIGTERM as on Ctrl-C, with status 143',
    async () => {
      const { server } = await serve();
      await using _ = server;

      server.signal('SIGTERM');

      assert.equal(await server.ends(), { status: 143, signal: null });
      assert.match(server.stdout, /\necho: 0 connections, 0 messages, 0 bytes in /);
      assert.is(server.stderr, '');
    },
    CHILD,
  );

  it(
    'gives clients time to finish',
    async () => {
      const { server, port } = await serve('--grace', '60', '--quiet');
      await using _ = server;
      using client = await Client.to(port);
      await client.converse('before');

      server.signal('SIGINT');
      await server.shows(/echo: stopping: .*/);
      assert.is(await client.converse('after'), 'after');
      client.finish();

      assert.equal(await server.ends(), { status: 130, signal: null });
      const [, waits, summary, ...more] = server.stdout.split('\n');
      assert.is(waits, `echo: stopping: waiting up to 60 s for 1 connection: ${client.address}`);
      assert.match(String(summary), /^echo: 1 connection, 2 messages, 11 bytes in /);
      assert.equal(more, ['']);
    },
    CHILD,
  );

  it(
    'closes idle clients when that time is over',
    async () => {
      const { server, port } = await serve('--grace', '0.1');
      await using _ = server;
      using client = await Client.to(port);
      await client.converse('before');

      server.signal('SIGTERM');

      assert.is((await client.rest()).length, 0);
      assert.equal(await server.ends(), { status: 143, signal: null });
      assert.match(server.stdout, /stopping: .*\necho: closing 1 connection\necho: 1 connection, /);
      assert.is(server.stderr, '');
    },
    CHILD,
  );

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    it(
      `exits immediately on a second ${signal}`,
      async () => {
        const { server, port } = await serve('--grace', '60');
        await using _ = server;
        using client = await Client.to(port);
        await client.converse('before');

        server.signal(signal);
        await server.shows(/stopping/);
        server.signal(signal);

        assert.equal(await server.ends(), { status, signal: null });
        assert.is((await client.rest()).length, 0);
        assert.is(server.stderr, '');
      },
      CHILD,
    );

  it(
    'says in one line that the address is in use, with status 1',
    async () => {
      const { server, port } = await serve();
      await using _ = server;

      assert.equal(await run('echo', '--port', String(port)), {
        status: 1,
        stdout: '',
        stderr: `asyncio-ts: cannot listen on 127.0.0.1:${port}: [Errno 98] Address already in use\n`,
      });
    },
    CHILD,
  );

  it(
    'says in one line that the host does not have such an address, with status 1',
    async () => {
      const { status, stdout, stderr } = await run('echo', '--host', '192.0.2.1', '--port', '0');

      assert.is(status, 1);
      assert.is(stdout, '');
      assert.match(stderr, /^asyncio-ts: cannot listen on 192\.0\.2\.1:0: \[Errno 99\] .*\n$/);
    },
    CHILD,
  );

  for (const [host, shown, to] of [
    ['::1', "\\('::1', \\d+, 0, 0\\)", '::1'],
    ['localhost', "\\('127.0.0.1', \\d+\\)", '127.0.0.1'],
    ['', "\\('0.0.0.0', \\d+\\)", '127.0.0.1'],
  ] as const)
    it(
      `listens on ${host === '' ? "''" : host}`,
      async () => {
        const { server, port } = await serve('--host', host);
        await using _ = server;
        assert.match(server.stdout, new RegExp(`^echo: listening on ${shown}; Ctrl-C stops\n`));

        using client = await Client.to(port, { host: to });
        assert.is(await client.converse('hello'), 'hello');
      },
      CHILD,
    );

  it(
    'names the client whose connection failed, and continues',
    async () => {
      const { server, port } = await serve('--quiet');
      await using _ = server;
      const broken = await Client.to(port);
      const { address } = broken;
      await broken.converse('hello');

      broken.reset();

      const [, line] = await server.shows(/\necho: (.*)\n/);
      assert.is(line, `${address}: ConnectionResetError: [Errno 104] Connection reset by peer`);
      using client = await Client.to(port);
      assert.is(await client.converse('hello'), 'hello');
    },
    CHILD,
  );

  it(
    'echoes 10 MB of arbitrary bytes as they arrive',
    async () => {
      const { server, port } = await serve();
      await using _ = server;
      using client = await Client.to(port);
      const data = Buffer.alloc(10_000_000, Buffer.from(Array.from({ length: 251 }, (__, n) => n)));

      const sent = client.send(data);
      const received = await client.receive(data.length);
      await sent;

      assert.ok(received.equals(data));
    },
    { seconds: 20 },
  );
});

behaviour('npm start', (it) => {
  it(
    'serves, and stops on one Ctrl-C, of which npm sends a copy',
    async () => {
      await using server = Program.start(['--port', '0']);
      await server.shows(/listening on \('127\.0\.0\.1', \d+\)/);

      server.signal('SIGINT');
      server.signal('SIGINT');
      const { status } = await server.ends();

      assert.is(status, 130);
      assert.match(server.stdout, /0 connections, 0 messages, 0 bytes/);
      assert.is(server.stderr, '');
    },
    CHILD,
  );
});
