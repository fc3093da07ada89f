import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runFile } from '../../support/child.ts';
import { Program, root } from '../../support/program.ts';

const door = path.join(root, 'dist', 'socket.js');

/** The door of another copy of the library. */
function another(): string {
  const copy = path.join(root, 'dist-test', 'another-copy');
  cpSync(path.join(root, 'dist'), copy, { recursive: true });
  return path.join(copy, 'socket.js');
}

/** Node loads no code of others then: what koffi is. */
const WITHOUT_KOFFI = ['--no-addons'];

/** What a program prints that makes a socket under this ASYNCIO_SOCKETS. */
function chosen(name: string | undefined, flags: string[] = []): string {
  const program = `import { socket } from ${JSON.stringify(door)};
    try { console.log(socket().driver) } catch (error) { console.log(String(error)) }`;
  return printed(program, name, flags);
}

function printed(program: string, name?: string, flags: string[] = []): string {
  const env = { ...process.env };
  delete env['ASYNCIO_SOCKETS'];
  if (name !== undefined) env['ASYNCIO_SOCKETS'] = name;
  const args = [...flags, '--input-type=module', '--eval', program];
  return String(execFileSync(process.execPath, args, { cwd: root, env })).trim();
}

behaviour('ASYNCIO_SOCKETS', (it) => {
  it('chooses the driver of sockets that name none', () => {
    assert.is(chosen(undefined), 'posix');
    assert.is(chosen('node'), 'node');
    assert.is(chosen('posix'), 'posix');
    assert.is(chosen('memory'), 'memory');
  });

  it(
    'chooses the same in a second copy of the library in the process',
    () => {
      const both = `import { socket as one } from ${JSON.stringify(door)};
        import { socket as other } from ${JSON.stringify(another())};
        if (one === other) console.log('it is one copy');
        console.log(one().driver, other().driver)`;

      assert.is(printed(both), 'posix posix');
    },
    { seconds: 20 },
  );

  it(
    'uses Node if koffi does not load',
    () => {
      assert.is(chosen(undefined, WITHOUT_KOFFI), 'node');
      assert.is(chosen('memory', WITHOUT_KOFFI), 'memory');
    },
    { seconds: 20 },
  );

  const sentence = 'fails with a PermissionError if Node may not use the network';
  if (Number(process.versions.node.split('.')[0]) < 25)
    it.skip(sentence, 'Node has no permission for the network before 25');
  else
    it(
      sentence,
      () => {
        const program = `import { AF_INET, SOCK_DGRAM, SOCK_STREAM, socket } from ${JSON.stringify(door)};
          for (const type of [SOCK_STREAM, SOCK_DGRAM])
            try { socket(AF_INET, type).bind(['127.0.0.1', 0]) } catch (error) { console.log(String(error)) }`;
        const flags = ['--permission', '--allow-fs-read=*'];
        const said = 'PermissionError: [Errno 13] Node denies the network without --allow-net';
        assert.is(printed(program, undefined, flags), `${said}\n${said}`);
      },
      { seconds: 20 },
    );

  it('does not affect another copy of the library in the process', () => {
    const program = `for (const door of ${JSON.stringify([door, another()])})
      console.log((await import(door)).socket(2, 1, 0, { driver: 'posix' }).driver);`;
    const args = ['--input-type=module', '--eval', program];
    assert.is(String(execFileSync(process.execPath, args)), 'posix\nposix\n');
  });

  it(
    'is refused at the first socket if it does not load',
    () => {
      assert.match(
        chosen('posix', WITHOUT_KOFFI),
        /^RuntimeError: ASYNCIO_SOCKETS is 'posix', and that driver is unavailable: the optional dependency koffi does not load: /,
      );
    },
    { seconds: 20 },
  );

  it(
    'is refused at the first socket if there is no such driver',
    () => {
      assert.is(
        chosen('kernel'),
        "RangeError: ASYNCIO_SOCKETS must be node or posix or memory, got 'kernel'",
      );
    },
    { seconds: 20 },
  );
});

behaviour('a driver', (it) => {
  const env = { ASYNCIO_SOCKETS: undefined };
  const withoutDescriptors = async (...args: string[]): Promise<string[]> => {
    const file = 'test/sock/children/no-descriptor.ts';
    await using program = Program.typescript(file, args, { descriptors: 64, env });
    await program.ended;
    assert.is(program.stderr.replace(/^.*Warning.*\n|^\(Use .*\n/gm, ''), '');
    return program.stdout.trimEnd().split('\n');
  };

  it(
    'is tried again when there are descriptors, if it was chosen automatically',
    async () => {
      const [first, second, third, warning, ...others] = await withoutDescriptors();

      assert.match(String(first), /^OSError: \[Errno 24\] Too many open files/);
      assert.is(second, first);
      assert.is(third, 'posix');
      assert.match(
        String(warning),
        /^warning: using the node driver, because the posix driver is unavailable: no descriptor is left/,
      );
      assert.equal(others, []);
    },
    { seconds: 20 },
  );

  it(
    'fails each time without descriptors, if it was requested, and works when there are some',
    async () => {
      for (const name of ['posix', 'posix, uv_poll']) {
        const [first, second, third, ...others] = await withoutDescriptors(name);

        assert.match(
          String(first),
          /^RuntimeError: driver is '.*', and that driver is unavailable: no descriptor is left/,
        );
        assert.is(second, first);
        assert.is(third, 'posix');
        assert.equal(others, []);
      }
    },
    { seconds: 20 },
  );

  it(
    "also fails without descriptors if it is Node's",
    async () => {
      for (const type of ['streams', 'datagrams']) {
        const [first, second, third, ...others] = await withoutDescriptors('node', type);

        assert.match(String(first), /^OSError: \[Errno 24\] Too many open files/);
        assert.is(second, first);
        assert.is(third, 'node');
        assert.equal(others, []);
      }
    },
    { seconds: 20 },
  );
});

behaviour('a thread with sockets', (it) => {
  const ways = ['by itself', 'exit', 'throw', 'exit while others listen'];
  let ended: Promise<Ended> | undefined;
  for (const how of ways)
    it(
      `releases its callback when it ends (${how})`,
      async () => {
        // The other drivers have none.
        const env = { ASYNCIO_SOCKETS: 'posix, uv_poll' };
        ended ??= runFile('test/sock/children/callbacks.ts', { args: ways, env });
        const { status, stdout, stderr } = await ended;

        assert.equal([status, stderr], [0, '']);
        assert.ok(stdout.split('\n').includes(`${how}: 0 callbacks more`), stdout);
      },
      { seconds: 20 },
    );
});
