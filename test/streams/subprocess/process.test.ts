import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import * as assert from 'uvu/assert';
import {
  BrokenPipeError,
  CancelledError,
  ConnectionResetError,
  createSubprocessExec,
  createSubprocessShell,
  FileNotFoundError,
  gather,
  OSError,
  PermissionError,
  type Process,
  ProcessLookupError,
  type ProcessOptions,
  RuntimeError,
  subprocess,
  waitFor,
} from '../../../src/index.ts';
import type { Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { connectedPair, DRIVERS, datagram } from '../../support/drivers.ts';
import { loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import {
  BLOCKED,
  LARGE,
  openDescriptors,
  PIPE_DRIVERS,
  systemPipe,
} from '../../support/processes.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const { DEVNULL, PIPE, STDOUT } = subprocess;
const REAL = { clock: 'real', seconds: 30 } as const;
/** What every child has: its standard descriptors, that of a directory, and what this process was given. */
const inherited = numbersIn(String(execFileSync('ls', ['/proc/self/fd'])));
const MIXIN = 'test_subprocess.py::SubprocessMixin::';

/** The CPython tests of the mixin by these names. */
function real(...names: readonly string[]): { clock: 'real'; seconds: number; cpython: string[] } {
  return { ...REAL, cpython: names.map((name) => MIXIN + name) };
}

for (const driver of PIPE_DRIVERS) {
  const exec = (program: string, args: readonly string[], options: ProcessOptions = {}) =>
    createSubprocessExec(program, ...args, { driver, ...options });
  const shell = (cmd: string, options: ProcessOptions = {}) =>
    createSubprocessShell(cmd, { driver, ...options });

  loopBehaviour(`createSubprocessExec on ${driver}`, (it) => {
    it(
      'creates streams for PIPE',
      async () => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
        child.stdin?.write('some data');
        await child.stdin?.drain();
        child.stdin?.close();
        assert.is(String(await child.stdout?.read()), 'some data');
        assert.is(await child.wait(), 0);
        assert.is(child.stderr, undefined);
      },
      real('test_stdin_stdout'),
    );

    it(
      'starts a child with the given environment, directory and name',
      async () => {
        const options = { stdout: PIPE, cwd: '/', env: { NAME: 'value', PATH: '/usr/bin:/bin' } };
        const child = await exec('sh', ['-c', 'echo "$0 $NAME $PWD"'], {
          ...options,
          executable: '/bin/sh',
        });
        const [stdout] = await child.communicate();
        assert.is(String(stdout), 'sh value /\n');
      },
      {
        ...REAL,
        cpython: ['test_subprocess.py::SubprocessMixin::test_create_subprocess_env_exec'],
      },
    );

    it(
      "fails with the system's error and the file or directory, and leaves nothing open",
      async () => {
        const before = openDescriptors().size;
        const pipes = { stdin: PIPE, stdout: PIPE, stderr: PIPE };
        await rejects(exec('no-such-program', [], pipes), FileNotFoundError, {
          message: "[Errno 2] No such file or directory: 'no-such-program'",
        });
        await rejects(exec('true', [], { ...pipes, cwd: '/no/such' }), FileNotFoundError, {
          message: "[Errno 2] No such file or directory: '/no/such'",
        });
        assert.ok(openDescriptors().size <= before);
      },
      real('test_popen_error', 'test_popen_error_with_stdin_pipe'),
    );

    it(
      'refuses wrong programs, arguments and options',
      async () => {
        await rejects(exec(7 as never, []), TypeError, {
          message: 'program must be a string, got 7',
        });
        await rejects(exec('true', ['a\0b']), RangeError);
        await rejects(exec('true', [7 as never]), TypeError);
        await rejects(exec('true', [], { stdio: 'pipe' } as never), TypeError, {
          message: /^unexpected option 'stdio', expected stdin, .* limit$/,
        });
        await rejects(exec('true', [], { stdout: 'pipe' as never }), TypeError);
        await rejects(exec('true', [], { stdout: STDOUT }), RangeError);
        await rejects(exec('true', [], { limit: 0 }), RangeError);
        for (const fd of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53])
          await rejects(exec('true', [], { passFds: [fd] }), RangeError);
        await rejects(exec('true', [], { passFds: 5 as never }), TypeError, {
          message: 'passFds must be an iterable, got 5',
        });
        for (const fd of [987_654, 2 ** 31 - 1])
          await rejects(exec('true', [], { passFds: [fd] }), OSError, { code: 'EBADF' });
        for (const stream of ['stdin', 'stdout', 'stderr']) {
          for (const fd of [2 ** 31, 2 ** 53, -4])
            await rejects(exec('true', [], { [stream]: fd }), RangeError);
          for (const fd of [987_654, 2 ** 31 - 1, { fd: 987_654 }])
            await rejects(exec('true', [], { [stream]: fd }), OSError, { code: 'EBADF' });
        }
        for (const id of ['user', 'group'])
          for (const value of [-1, 2 ** 32 - 1, 2 ** 32, 2 ** 53])
            await rejects(exec('true', [], { [id]: value }), RangeError, {
              message: `${id} must be an integer from 0 to 4294967294, got ${value}`,
            });
        await rejects(exec('true', [], { env: { A: 7 } as never }), TypeError);
        for (const env of [[], ['A=7'], new Map([['A', '7']])])
          await rejects(exec('true', [], { env: env as never }), TypeError);
        for (const killSignal of ['SIGNO' as never, 0, 65, -1])
          await rejects(exec('true', [], { killSignal }), RangeError);
      },
      REAL,
    );

    it(
      'fails if a name or a directory is empty, like the system',
      async () => {
        await rejects(exec('', []), PermissionError, {
          message: "[Errno 13] Permission denied: ''",
        });
        await rejects(exec('true', [], { executable: '' }), PermissionError);
        await rejects(exec('true', [], { stdout: PIPE, stderr: STDOUT, executable: '' }), OSError);
        await rejects(exec('true', [], { cwd: '' }), FileNotFoundError, {
          message: "[Errno 2] No such file or directory: ''",
        });
      },
      REAL,
    );

    it(
      'sends signals that have no name, and refuses numbers that are not signals',
      async () => {
        const child = await exec('sleep', ['60']);
        for (const signal of [-1, 65, 2 ** 31]) throws(() => child.sendSignal(signal), RangeError);
        child.sendSignal(0);
        child.sendSignal(40);
        await child.wait();
      },
      REAL,
    );

    if (process.getuid?.() === 0)
      it(
        'runs as a user whose id needs all 32 bits',
        async () => {
          const id = 2 ** 32 - 2;
          const child = await exec('sh', ['-c', 'echo $(id -u) $(id -g)'], {
            stdout: PIPE,
            user: id,
            group: 2 ** 31,
          });
          const [output] = await child.communicate();
          assert.is(String(output), `${id} ${2 ** 31}\n`);
        },
        REAL,
      );
    else it.skip('runs as a user whose id needs all 32 bits', 'only root may');

    it(
      'refuses text, as in asyncio',
      async () => {
        for (const option of [{ text: true }, { encoding: 'utf-8' }, { errors: 'strict' }])
          await rejects(exec('true', [], option as never), RangeError);
      },
      real('test_create_subprocess_exec_text_mode_fails'),
    );

    it(
      'takes a file by its URL',
      async () => {
        const child = await createSubprocessExec(new URL('file:///bin/sh'), '-c', 'exit 4', {
          driver,
        });
        assert.is(await child.wait(), 4);
      },
      real('test_create_subprocess_exec_with_path'),
    );

    it(
      'kills the child when it is cancelled',
      async (loop) => {
        const task = loop.createTask(exec(...split(BLOCKED)));
        loop.callSoon(() => task.cancel());
        await rejects(task, CancelledError);
      },
      real('test_cancel_make_subprocess_transport_exec', 'test_cancel_post_init'),
    );

    for (const [name, options] of [
      ['read', { stderr: PIPE }],
      ['write', { stdin: PIPE }],
      ['read_write', { stdin: PIPE, stdout: PIPE, stderr: PIPE }],
    ] as const)
      it(
        `is cancelled while its pipes are connected: ${Object.keys(options)}`,
        async (loop) => {
          for (let turns = 0; ; turns += 1) {
            const task = loop.createTask(exec(...split(BLOCKED), options));
            await settle(loop, turns);
            if (task.done()) {
              const child = await task;
              child.kill();
              await child.wait();
              break;
            }

            task.cancel();

            await rejects(task, CancelledError);
          }
        },
        real(`test_subprocess_${name}_pipe_cancelled`),
      );

    it(
      'wakes tasks that wait for a child that exits before its pipes are connected',
      async (loop) => {
        const making = loop.createTask(
          exec('true', [], { stdin: PIPE, stdout: PIPE, stderr: PIPE }),
        );
        const waits = await gather(...[1, 2].map(() => async () => (await making).wait()));

        assert.equal(waits, [0, 0]);
        assert.is(await (await making).wait(), 0);
      },
      {
        ...REAL,
        cpython: [
          'test_subprocess.py::SubprocessTransportTests::test_proc_exited_no_invalid_state_error_on_exit_waiters',
        ],
      },
    );
  });

  loopBehaviour(`createSubprocessShell on ${driver}`, (it) => {
    it(
      'runs a shell command',
      async () => {
        const child = await shell('exit 7');
        assert.is(await child.wait(), 7);
        assert.is(child.returncode, 7);
      },
      real('test_shell'),
    );

    it(
      'starts a child with the given environment',
      async () => {
        const child = await shell('printf %s "$NAME"', { stdout: PIPE, env: { NAME: 'bar' } });
        const [stdout] = await child.communicate();
        assert.is(String(stdout), 'bar');
      },
      {
        ...REAL,
        cpython: ['test_subprocess.py::SubprocessMixin::test_create_subprocess_env_shell'],
      },
    );

    it(
      'refuses text, as in asyncio',
      async () => {
        for (const option of [{ text: true }, { encoding: 'utf-8' }, { errors: 'strict' }])
          await rejects(shell('true', option as never), RangeError);
        await rejects(shell(7 as never), RangeError);
      },
      real('test_create_subprocess_shell_text_mode_fails'),
    );

    it(
      'starts a session on request, whose process group can be killed',
      async () => {
        const child = await shell('sleep 3600 & echo $$; wait', {
          stdout: PIPE,
          startNewSession: true,
        });
        const line = await child.stdout?.readline();
        assert.is(Number(line), child.pid);
        process.kill(-child.pid, 'SIGKILL');
        // The sleeper had the pipe, too.
        assert.is(String(await child.stdout?.read()), '');
        assert.is(await child.wait(), -9);
      },
      real('test_start_new_session'),
    );
  });

  loopBehaviour(`Process.communicate on ${driver}`, (it) => {
    it(
      'writes the input, and returns the output',
      async () => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
        const [stdout, stderr] = await child.communicate('some data');
        assert.is(String(stdout), 'some data');
        assert.is(stderr, undefined);
        assert.is(child.returncode, 0);
        assert.is(await child.wait(), 0);
      },
      real('test_communicate'),
    );

    it(
      "ends the child's input, with and without data",
      async () => {
        for (const input of [undefined, '']) {
          const child = await exec('wc', ['-c'], { stdin: PIPE, stdout: PIPE, stderr: PIPE });
          const [stdout, stderr] = await child.communicate(input);
          assert.is(String(stdout).trim(), '0');
          assert.is(stderr?.length, 0);
        }
      },
      real('test_empty_input', 'test_communicate_none_input'),
    );

    it(
      'does not hang if a grandchild has the pipe',
      async () => {
        const all = { stdin: PIPE, stdout: PIPE, stderr: PIPE };
        const first = await exec('cat', [], all);
        const second = await exec('sleep', ['3600']);
        const [stdout] = await first.communicate('abc');
        assert.is(String(stdout), 'abc');
        second.kill();
        await second.wait();
      },
      real('test_stdin_not_inheritable'),
    );

    it(
      'leaves out what is not a PIPE',
      async () => {
        const all = { stdin: PIPE, stdout: PIPE, stderr: PIPE };
        const run = async (options: ProcessOptions) =>
          await (await shell('cat; echo error >&2', { ...all, ...options })).communicate();
        assert.is(String((await run({ stdin: DEVNULL }))[0]), '');
        assert.is((await run({ stdout: DEVNULL }))[0], undefined);
        assert.is((await run({ stderr: DEVNULL }))[1], undefined);
      },
      real('test_devnull_input', 'test_devnull_output', 'test_devnull_error'),
    );

    it(
      'reads both outputs from one pipe, in order',
      async () => {
        const child = await shell('echo 1; echo 2 >&2; echo 3', { stdout: PIPE, stderr: STDOUT });
        const [stdout, stderr] = await child.communicate();
        assert.is(String(stdout), '1\n2\n3\n');
        assert.is(stderr, undefined);
        const missing = exec('no-such-program', [], { stdout: PIPE, stderr: STDOUT });
        await rejects(missing, FileNotFoundError);
      },
      REAL,
    );

    it(
      'ignores that the child reads nothing',
      async () => {
        const child = await exec('true', [], { stdin: PIPE });
        await child.communicate(LARGE);
        assert.is(await child.wait(), 0);
      },
      real('test_communicate_ignore_broken_pipe'),
    );

    it(
      "returns more output than the readers' limit, which pauses the pipe",
      async () => {
        const child = await exec('sh', ['-c', 'printf %021d 0'], { stdout: PIPE, limit: 10 });
        const [stdout] = await child.communicate();
        assert.is(stdout?.length, 21);
        const much = await exec('cat', [], { stdin: PIPE, stdout: PIPE, limit: 10 });
        const [all] = await much.communicate(LARGE);
        assert.ok(all?.equals(LARGE));
      },
      real('test_pause_reading'),
    );

    it(
      'returns the output of each of several children',
      async () => {
        const outputs = Array.from({ length: 10 }, (_, n) => `foo${n}`);
        const run = async (text: string) => {
          const [stdout] = await (await exec('echo', [text], { stdout: PIPE })).communicate();
          return String(stdout).trim();
        };
        assert.equal(await gather(...outputs.map((text) => () => run(text))), outputs);
      },
      real('test_subprocess_communicate_stdout'),
    );

    it(
      'can be cancelled, and the child killed; a second call then returns the rest',
      async (loop) => {
        const child = await shell('echo begun; exec sleep 3600', { stdin: PIPE, stdout: PIPE });
        const task = loop.createTask(child.communicate('input'));
        await loop
          .createTask(async () => await waitFor(task, 0.05))
          .then(
            () => assert.unreachable(),
            () => {},
          );
        assert.ok(task.cancelled());
        child.kill();
        const [stdout] = await child.communicate();
        assert.is(String(stdout), 'begun\n');
        assert.is(child.returncode, -9);
      },
      REAL,
    );

    it(
      'refuses to read while another task reads, and wrong input',
      async (loop) => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
        throws(() => child.communicate(7 as never), TypeError);
        const reading = loop.createTask(async () => await child.stdout?.read());
        await loop.createTask(async () => {});
        await rejects(child.communicate(), RuntimeError);
        assert.is(String(await reading), '');
        await child.wait();
      },
      REAL,
    );
  });

  loopBehaviour(`Process on ${driver}`, (it) => {
    it(
      'can be killed, and then shows it',
      async () => {
        const child = await exec(...split(BLOCKED));
        assert.is(child.returncode, undefined);
        assert.is(String(child), `<Process ${child.pid}>`);
        child.kill();
        assert.is(await child.wait(), -9);
      },
      real('test_kill'),
    );

    it(
      'can be killed if it is a shell that waits for a child',
      async () => {
        const child = await shell('echo; sleep 0.05; sleep 0.05', { stdout: PIPE });
        await child.stdout?.readline();
        child.kill();
        assert.is(await child.wait(), -9);
      },
      real('test_kill_issue43884'),
    );

    it(
      'can be terminated',
      async () => {
        const child = await exec(...split(BLOCKED));
        child.terminate();
        assert.is(await child.wait(), -15);
      },
      real('test_terminate'),
    );

    it(
      'gets signals, by name and by number, as long as it runs',
      async () => {
        for (const signal of ['SIGHUP', 1] as const) {
          const child = await shell('echo sleeping; exec sleep 3600', { stdout: PIPE });
          assert.is(String(await child.stdout?.readline()), 'sleeping\n');
          throws(() => child.sendSignal('SIGNO' as never), RangeError);
          throws(() => child.sendSignal(undefined as never), TypeError);
          child.sendSignal(0);
          child.sendSignal(signal);
          assert.is(await child.wait(), -1);
          throws(() => child.sendSignal(signal), ProcessLookupError);
        }
      },
      real('test_send_signal'),
    );

    it(
      'ignores a signal at about the time when it exits',
      async (loop) => {
        for (let n = 0; n < 10; n += 1) {
          const child = await exec('true', []);
          const exited = loop.createTask(async () => await child.wait());
          while (!exited.done()) {
            try {
              child.sendSignal('SIGCONT');
            } catch (error) {
              assert.instance(error, ProcessLookupError);
            }
            await loop.createTask(async () => {});
          }
          assert.is(exited.result(), 0);
        }
      },
      {
        ...REAL,
        cpython: ['test_subprocess.py::SubprocessMixin::test_subprocess_send_signal_race'],
      },
    );

    it(
      'breaks the pipe of a task that writes to a child that has exited',
      async () => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: DEVNULL });
        child.kill();
        await rejects(
          (async () => {
            for (;;) {
              child.stdin?.write(LARGE);
              await child.stdin?.drain();
            }
          })(),
          Error,
        ).then((error) =>
          assert.ok(error instanceof BrokenPipeError || error instanceof ConnectionResetError),
        );
        assert.is(await child.wait(), -9);
      },
      real('test_stdin_broken_pipe'),
    );

    it(
      'can be read from after it has exited',
      async (loop) => {
        const child = await exec('sh', ['-c', 'printf %040000d 0; exit 1'], { stdout: PIPE });
        let size = 0;
        for (;;) {
          const data = await child.stdout?.read(4096);
          if (data === undefined || data.length === 0) break;
          size += data.length;
          await loop.createTask(async () => {});
        }
        assert.is(size, 40_000);
        assert.is(await child.wait(), 1);
      },
      real('test_read_stdout_after_process_exit'),
    );

    it(
      'can be waited for by several tasks, and again',
      async () => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
        const waits = gather(...Array.from({ length: 5 }, () => () => child.wait()));
        await child.communicate('some data');
        assert.equal(await waits, [0, 0, 0, 0, 0]);
        const again = await gather(...Array.from({ length: 5 }, () => () => child.wait()));
        assert.equal(again, [0, 0, 0, 0, 0]);
      },
      {
        ...REAL,
        cpython: ['test_subprocess.py::SubprocessMixin::test_subprocess_concurrent_wait'],
      },
    );

    it(
      'continues when a wait for it is cancelled',
      async (loop) => {
        const child = await exec(...split(BLOCKED));
        const task = loop.createTask(async () => await child.wait());
        loop.callSoon(() => task.cancel());
        await rejects(task, CancelledError);
        assert.not.ok(task.cancel());
        child.kill();
        assert.is(await child.wait(), -9);
      },
      real('test_cancel_process_wait'),
    );

    it(
      'reports how its input ended',
      async () => {
        const child = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
        child.stdin?.close();
        await child.stdin?.waitClosed();
        assert.is(String(await child.stdout?.read()), '');
        assert.is(await child.wait(), 0);
      },
      REAL,
    );

    it(
      'is sent a signal when its AbortSignal is aborted, and not started when it is aborted already',
      async () => {
        const aborted = AbortSignal.abort(new Error('no more'));
        await rejects(exec('true', [], { signal: aborted }), Error, { message: 'no more' });
        for (const [killSignal, returncode] of [
          [undefined, -15],
          ['SIGKILL', -9],
        ] as const) {
          const controller = new AbortController();
          const child = await exec(BLOCKED[0], BLOCKED.slice(1), {
            signal: controller.signal,
            killSignal,
          });
          controller.abort();
          assert.is(await child.wait(), returncode);
        }
      },
      REAL,
    );

    it(
      'inherits only the descriptors that are passed to it',
      async (loop) => {
        const [mine, theirs] = systemPipe();
        const kept = await exec('cat', [], { stdin: PIPE, stdout: PIPE, stderr: PIPE });
        const used: Socket[] = [];
        for (const { name } of DRIVERS) {
          const { client, server, listener } = await connectedPair(name);
          used.push(
            client,
            server,
            listener,
            datagram(name),
            ...socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver: name }),
          );
          if (!name.startsWith('posix')) continue;
          used.push(client.dup());
          loop.addReader(server, () => {});
        }

        const streams = { stdin: PIPE, stdout: PIPE, stderr: PIPE, passFds: [theirs] };
        const child = await exec('ls', ['/proc/self/fd'], streams);
        const [stdout] = await child.communicate();
        assert.equal(numbersIn(String(stdout)), [...inherited, theirs].toSorted(byNumber));

        await kept.communicate();
        for (const sock of used) sock.close();
        closeSync(mine);
        closeSync(theirs);
      },
      REAL,
    );

    it(
      'leaves no zombie and no descriptor behind, one after another and many at once',
      async () => {
        const before = openDescriptors().size;
        const pipes = { stdin: PIPE, stdout: PIPE, stderr: PIPE };
        const run = async (): Promise<Process> => {
          const child = await exec('cat', [], pipes);
          assert.is(String((await child.communicate('x'))[0]), 'x');
          return child;
        };
        const children: Process[] = [];
        for (let n = 0; n < 20; n += 1) children.push(await run());
        children.push(...(await gather(...Array.from({ length: 20 }, () => run))));
        assert.ok(openDescriptors().size <= before);
        for (const { pid } of children)
          throws(() => process.kill(pid, 0), Error, { code: 'ESRCH' });
      },
      REAL,
    );

    it.resting(
      'is killed with its loop, and its pipes are closed',
      async (loop) => {
        const before = openDescriptors().size;
        const child = await loop.runUntilComplete(async () => {
          const made = await exec('cat', [], { stdin: PIPE, stdout: PIPE });
          made.stdin?.write(LARGE);
          return made;
        });
        loop.close();
        const { pid } = child;
        await exited(pid);
        assert.ok(openDescriptors().size <= before);
      },
      REAL,
    );
  });
}

/** Resolves when there is no process of that number: it was reaped, too. */
function exited(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      try {
        process.kill(pid, 0);
        setImmediate(look);
      } catch {
        resolve();
      }
    };
    look();
  });
}

loopBehaviour('createSubprocessExec on posix', (it) => {
  it(
    'gives a child pipes that it can open by name',
    async () => {
      const child = await createSubprocessShell('cat /dev/stdin > /dev/stdout', {
        stdin: PIPE,
        stdout: PIPE,
        driver: 'posix',
      });
      const [stdout] = await child.communicate('abc');
      assert.is(String(stdout), 'abc');
    },
    real('test_devstdin_input'),
  );
});

loopBehaviour('createSubprocessExec on memory', (it) => {
  it(
    'says that the driver has no pipes to other processes',
    async () => {
      await rejects(createSubprocessExec('true', { stdout: PIPE, driver: 'memory' }), Error, {
        code: 'EOPNOTSUPP',
      });
      assert.is(await (await createSubprocessExec('true', { driver: 'memory' })).wait(), 0);
    },
    REAL,
  );
});

function byNumber(one: number, other: number): number {
  return one - other;
}

function numbersIn(lines: string): number[] {
  return lines.trim().split('\n').map(Number).toSorted(byNumber);
}

function split([program, ...args]: readonly [string, ...string[]]): [string, string[]] {
  return [program, args];
}
