import { AsyncLocalStorage } from 'node:async_hooks';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  type Future,
  type Loop,
  ProcessLookupError,
  type ReadTransport,
  type SubprocessOptions,
  SubprocessProtocol,
  SubprocessTransport,
  subprocess,
  type WriteTransport,
} from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { BLOCKED, LARGE, PIPE_DRIVERS } from '../../support/processes.ts';
import { Program } from '../../support/program.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';
import { until } from '../../support/transports.ts';

const { STDOUT } = subprocess;
const EVENTS = 'test_events.py::SubprocessTestsMixin::';
const MIXIN = 'test_subprocess.py::SubprocessMixin::';
const UNIT = 'test_subprocess.py::SubprocessTransportTests::';

function real(...cpython: readonly string[]) {
  return { clock: 'real', seconds: 30, cpython } as const;
}

/** Notes what it is told, in order. */
class Notes extends SubprocessProtocol {
  readonly calls: string[] = [];
  readonly data: string[] = ['', '', ''];
  readonly completed: Future<unknown>;
  transport: SubprocessTransport | undefined;
  returncode: number | undefined;

  constructor(loop: Loop) {
    super();
    this.completed = loop.createFuture();
  }

  override connectionMade(transport: SubprocessTransport): void {
    this.transport = transport;
    this.#note('connectionMade');
  }

  override pipeDataReceived(fd: number, data: Buffer): void {
    this.data[fd] += String(data);
    this.#note(`pipeDataReceived ${fd}`);
  }

  override pipeConnectionLost(fd: number, error?: unknown): void {
    this.#note(`pipeConnectionLost ${fd}${error ? ' with an error' : ''}`);
  }

  override processExited(): void {
    this.returncode = this.transport?.getReturncode();
    this.#note('processExited');
  }

  override connectionLost(error?: unknown): void {
    this.#note('connectionLost');
    this.completed.setResult(error);
  }

  #note(call: string): void {
    this.calls.push(call);
  }
}

/** A program that gives back what it is told. */
const ECHO = ['cat'] as const;

for (const driver of PIPE_DRIVERS) {
  /** Runs a command of the shell, noted. */
  const shell = async (
    loop: Loop,
    cmd: string,
    options: SubprocessOptions = {},
  ): Promise<[SubprocessTransport, Notes]> =>
    await loop.subprocessShell(() => new Notes(loop), cmd, { driver, ...options });
  const echo = async (loop: Loop): Promise<[SubprocessTransport, Notes]> =>
    await loop.subprocessExec(() => new Notes(loop), ...ECHO, { driver });

  loopBehaviour(`loop.subprocessExec on ${driver}`, (it) => {
    it(
      'creates pipes, and provides their transports',
      async (loop) => {
        const [transport, protocol] = await echo(loop);
        assert.instance(transport, SubprocessTransport);
        assert.is(protocol.transport, transport);
        assert.is(transport.getProtocol(), protocol);
        assert.equal(protocol.calls, ['connectionMade']);
        assert.is(transport.getExtraInfo('subprocess')?.pid, transport.getPid());
        const stdin = transport.getPipeTransport(0) as WriteTransport;
        stdin.write('Python ');
        await until(loop, () => protocol.data[1] === 'Python ');
        stdin.write('The Winner');
        await until(loop, () => protocol.data[1] === 'Python The Winner');
        assert.not.ok(transport.isClosing());
        transport.close();
        assert.ok(transport.isClosing());
        await protocol.completed;
        assert.is(protocol.returncode, -9);
        transport.close();
      },
      real(`${EVENTS}test_subprocess_exec`, `${EVENTS}test_subprocess_interactive`),
    );

    it(
      'can kill, terminate and signal children',
      async (loop) => {
        for (const [end, returncode] of [
          [(transport: SubprocessTransport) => transport.kill(), -9],
          [(transport: SubprocessTransport) => transport.terminate(), -15],
          [(transport: SubprocessTransport) => transport.sendSignal('SIGHUP'), -1],
        ] as const) {
          const [transport, protocol] = await echo(loop);
          end(transport);
          await protocol.completed;
          assert.is(protocol.returncode, returncode);
          transport.close();
        }
      },
      real(
        `${EVENTS}test_subprocess_kill`,
        `${EVENTS}test_subprocess_terminate`,
        `${EVENTS}test_subprocess_send_signal`,
      ),
    );

    it(
      'makes all callbacks, in order for each pipe, with connectionLost last',
      async (loop) => {
        const [transport, protocol] = await shell(loop, 'printf out; printf err >&2; exit 3', {
          stdin: undefined,
        });
        assert.is(await protocol.completed, undefined);
        const { calls } = protocol;
        assert.is(calls[0], 'connectionMade');
        assert.is(calls.at(-1), 'connectionLost');
        assert.is(calls.length, 7);
        for (const fd of [1, 2]) {
          const data = calls.indexOf(`pipeDataReceived ${fd}`);
          assert.ok(data > 0 && data < calls.indexOf(`pipeConnectionLost ${fd}`));
        }
        assert.is(transport.getReturncode(), 3);
        throws(() => transport.sendSignal('SIGTERM'), ProcessLookupError);
        throws(() => transport.terminate(), ProcessLookupError);
        throws(() => transport.kill(), ProcessLookupError);
        assert.not.ok(transport.isClosing());
        assert.is(transport.getProtocol(), undefined);
        transport.close();
        assert.match(
          String(transport),
          /^<_UnixSubprocessTransport closed pid=\d+ returncode=3 stdout=<_UnixRead.* stderr=<_Unix/,
        );
      },
      real(
        `${UNIT}test_proc_exited`,
        `${UNIT}test_subprocess_repr`,
        `${MIXIN}test_subprocess_protocol_events`,
      ),
    );

    it(
      'passes on what the child writes to both of its outputs',
      async (loop) => {
        const [transport, protocol] = await shell(loop, ECHO_TWICE);
        (transport.getPipeTransport(0) as WriteTransport).write('test\n');
        await protocol.completed;
        assert.is(protocol.data[1], 'OUT:test');
        assert.is(protocol.data[2], 'ERR:test');
        assert.is(protocol.returncode, 0);
      },
      real(`${EVENTS}test_subprocess_stderr`),
    );

    it(
      'sends both outputs to one pipe if stderr is STDOUT',
      async (loop) => {
        const [transport, protocol] = await shell(loop, ECHO_TWICE, { stderr: STDOUT });
        assert.is(transport.getPipeTransport(2), undefined);
        (transport.getPipeTransport(0) as WriteTransport).write('test\n');
        await protocol.completed;
        assert.is(protocol.data[1], 'OUT:testERR:test');
        assert.is(protocol.data[2], '');
        assert.is(protocol.returncode, 0);
      },
      real(`${EVENTS}test_subprocess_stderr_redirect_to_stdout`),
    );

    it(
      'closes the pipe of a child whose output is not read',
      async (loop) => {
        const command = "trap '' PIPE; read line; echo $line; read line; echo x || echo BROKEN >&2";
        const [transport, protocol] = await shell(loop, command);
        const stdin = transport.getPipeTransport(0) as WriteTransport;
        stdin.write('test\n');
        await until(loop, () => protocol.data[1] === 'test\n');
        transport.getPipeTransport(1)?.close();
        await until(loop, () => protocol.calls.includes('pipeConnectionLost 1'));
        stdin.write('xxx\n');
        await until(loop, () => /BROKEN/.test(protocol.data[2] ?? ''));
        transport.close();
        await protocol.completed;
      },
      real(`${EVENTS}test_subprocess_close_client_stream`),
    );

    it(
      'pauses the protocol while the child does not read, and resumes it',
      async (loop) => {
        const flow: string[] = [];
        const [transport, protocol] = await shell(loop, 'cat > /dev/null');
        protocol.pauseWriting = () => void flow.push('pause');
        protocol.resumeWriting = () => void flow.push('resume');
        const stdin = transport.getPipeTransport(0) as WriteTransport;
        stdin.write(LARGE);
        assert.equal(flow, ['pause']);
        stdin.write('\n');
        stdin.writeEof();
        await protocol.completed;
        assert.equal(flow, ['pause', 'resume']);
      },
      real(),
    );

    it(
      'calls back in the async context in which the child was started',
      async (loop) => {
        const store = new AsyncLocalStorage<string>();
        const seen = new Set<unknown>();
        const protocol = new Notes(loop);
        const look = (): void => void seen.add(store.getStore());
        const { connectionMade, processExited, pipeDataReceived, connectionLost } = protocol;
        Object.assign(protocol, {
          connectionMade: (...args: Parameters<typeof connectionMade>) => {
            look();
            connectionMade.apply(protocol, args);
          },
          pipeDataReceived: (...args: Parameters<typeof pipeDataReceived>) => {
            look();
            pipeDataReceived.apply(protocol, args);
          },
          processExited: () => {
            look();
            processExited.apply(protocol);
          },
          connectionLost: (error?: unknown) => {
            look();
            connectionLost.call(protocol, error);
          },
        });
        await store.run('ours', async () => {
          await loop.subprocessShell(() => protocol, 'echo x', { driver, stdin: undefined });
        });
        await protocol.completed;
        assert.equal([...seen], ['ours']);
      },
      real(),
    );

    it(
      'leaves the output of the child in the pipe while that is paused',
      async (loop, { settle }) => {
        const [transport, protocol] = await echo(loop);
        const stdout = transport.getPipeTransport(1) as ReadTransport;
        stdout.pauseReading();
        (transport.getPipeTransport(0) as WriteTransport).write('kept');
        await settle(20);
        assert.is(protocol.data[1], '');
        stdout.resumeReading();
        await until(loop, () => protocol.data[1] === 'kept');
        transport.close();
        await protocol.completed;
      },
      real(),
    );

    it(
      'reports the end only when no other process holds the pipes',
      async (loop) => {
        const command = 'sleep 3600 & echo $!';
        const [transport, protocol] = await shell(loop, command, { stdin: undefined });
        await until(loop, () => protocol.calls.includes('processExited'));
        assert.is(transport.getReturncode(), 0);
        assert.not.ok(protocol.completed.done());
        // Nothing read yet would be process 0: all of our own group.
        await until(loop, () => /\n$/.test(String(protocol.data[1])));
        process.kill(Number(protocol.data[1]), 'SIGKILL');
        await protocol.completed;
      },
      real(),
    );

    it(
      'kills the child when it is cancelled, and waits for its end',
      async (loop) => {
        let made: SubprocessTransport | undefined;
        class Told extends SubprocessProtocol {
          override connectionMade(transport: SubprocessTransport): void {
            made = transport;
          }
        }
        const task = loop.createTask(loop.subprocessExec(() => new Told(), ...BLOCKED, { driver }));
        loop.callSoon(() => task.cancel());
        await rejects(task, CancelledError);
        assert.ok(made === undefined || made.getReturncode() === -9);
      },
      real(`${MIXIN}test_cancel_post_init`),
    );

    it(
      'kills a child that still runs when the transport is closed, and no other process',
      async (loop) => {
        const [transport, protocol] = await echo(loop);
        assert.is(transport.getReturncode(), undefined);
        transport.close();
        await protocol.completed;
        assert.is(transport.getReturncode(), -9);

        const [exited, told] = await shell(loop, 'exit 7', { stdin: undefined });
        await until(loop, () => told.calls.includes('processExited'));
        exited.close();
        await told.completed;
        assert.is(exited.getReturncode(), 7);
      },
      real(`${MIXIN}test_close_kill_running`, `${MIXIN}test_close_dont_kill_finished`),
    );

    it(
      'refuses invalid protocols, programs and options',
      async (loop) => {
        const factory = (): SubprocessProtocol => new SubprocessProtocol();
        const exec = (...args: unknown[]) => loop.subprocessExec(factory, ...(args as [string]));
        await rejects(exec(), TypeError);
        await rejects(exec(['true']), TypeError);
        await rejects(exec('true', 123), TypeError);
        await rejects(exec('true', { universalNewlines: true }), RangeError);
        await rejects(exec('true', { bufsize: 4096 }), RangeError);
        await rejects(exec('true', { shell: true }), RangeError);
        await rejects(
          loop.subprocessExec(() => ({}) as never, 'true', { driver }),
          TypeError,
        );
      },
      real(
        `${EVENTS}test_subprocess_exec_invalid_args`,
        'test_base_events.py::BaseEventLoopTests::test_subprocess_exec_invalid_args',
      ),
    );
  });

  loopBehaviour(`loop.subprocessShell on ${driver}`, (it) => {
    it(
      'runs a command of the shell',
      async (loop) => {
        const [transport, protocol] = await shell(loop, 'echo Python');
        transport.getPipeTransport(0)?.close();
        await protocol.completed;
        assert.is(protocol.returncode, 0);
        assert.is(protocol.data[1], 'Python\n');
        assert.is(protocol.data[2], '');
        for (const fd of [0, 1, 2]) assert.ok(protocol.calls.includes(`pipeConnectionLost ${fd}`));
        transport.close();
      },
      real(`${EVENTS}test_subprocess_shell`),
    );

    it(
      'needs no pipes',
      async (loop) => {
        const none = { stdin: undefined, stdout: undefined, stderr: undefined };
        const [transport, protocol] = await shell(loop, 'exit 7', none);
        for (const fd of [0, 1, 2]) assert.is(transport.getPipeTransport(fd), undefined);
        await protocol.completed;
        assert.is(protocol.returncode, 7);
        assert.equal(protocol.calls, ['connectionMade', 'processExited', 'connectionLost']);
        assert.is(transport.close(), undefined);
      },
      real(`${EVENTS}test_subprocess_exitcode`, `${EVENTS}test_subprocess_close_after_finish`),
    );

    it(
      'waits for a child in a session of its own',
      async (loop) => {
        const none = { stdin: undefined, stdout: undefined, stderr: undefined };
        const [, protocol] = await shell(loop, 'exit 7', { ...none, startNewSession: true });
        await protocol.completed;
        assert.is(protocol.returncode, 7);
      },
      real(`${EVENTS}test_subprocess_wait_no_same_group`),
    );

    it(
      'refuses invalid commands, and the options that asyncio refuses',
      async (loop) => {
        const run = (cmd: unknown, options: object = {}) =>
          loop.subprocessShell(() => new SubprocessProtocol(), cmd as string, options);
        await rejects(run(123), RangeError);
        await rejects(run(['ls', '-l']), RangeError, { message: /^cmd must be a string/ });
        await rejects(run('true', { universalNewlines: true }), RangeError);
        await rejects(run('true', { bufsize: 4096 }), RangeError);
        await rejects(run('true', { shell: false }), RangeError);
      },
      real(
        `${EVENTS}test_subprocess_shell_invalid_args`,
        'test_base_events.py::BaseEventLoopTests::test_subprocess_shell_invalid_args',
      ),
    );
  });
}

/** A program of the shell that gives a line back on both outputs. */
const ECHO_TWICE = 'read line; printf "OUT:$line"; printf "ERR:$line" >&2';

loopBehaviour('SubprocessProtocol', (it) => {
  it(
    'does nothing by itself',
    async () => {
      const protocol = new SubprocessProtocol();
      assert.is(protocol.connectionMade(undefined as never), undefined);
      assert.is(protocol.connectionLost(undefined), undefined);
      assert.is(protocol.pipeDataReceived(1, Buffer.alloc(1)), undefined);
      assert.is(protocol.pipeConnectionLost(1), undefined);
      assert.is(protocol.processExited(), undefined);
      assert.is(protocol.pauseWriting(), undefined);
      assert.is(protocol.resumeWriting(), undefined);
    },
    { cpython: ['test_protocols.py::ProtocolsAbsTests::test_subprocess_protocol'] },
  );
});

behaviour('A child that cannot be started because descriptors ran out', (it) => {
  for (const driver of ['node', 'posix'])
    it(
      `leaves no descriptors open (${driver})`,
      async () => {
        const file = 'test/transports/subprocess/children/no-descriptor.ts';
        await using program = Program.typescript(file, [driver], { descriptors: 64 });
        await program.ended;

        assert.is(program.stdout, 'some failed, 0 more are open\n');
      },
      { seconds: 20 },
    );
});
