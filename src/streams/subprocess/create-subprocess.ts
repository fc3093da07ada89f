import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import {
  checkNames,
  SUBPROCESS,
  type SubprocessOptions,
} from '../../transports/subprocess/options.ts';
import { type ProgramArguments, splitOptions } from '../../transports/subprocess/run-subprocess.ts';
import type { SubprocessCallbacks, SubprocessTransport } from '../../transports/transport.ts';
import type { StreamOptions } from '../open-connection.ts';
import { checkLimit } from '../stream-reader.ts';
import { Process, type WaitedTransport } from './process.ts';
import { SubprocessStreamProtocol } from './subprocess-protocol.ts';

/** Options for a child process with streams. */
export interface ProcessOptions extends SubprocessOptions, StreamOptions {}

/** What starting a child needs from a loop. */
interface SpawningLoop extends LoopCore {
  subprocessExec<P extends SubprocessCallbacks>(
    protocolFactory: () => P,
    program: string | URL,
    ...rest: ProgramArguments
  ): Coroutine<[transport: SubprocessTransport, protocol: P]>;
  subprocessShell<P extends SubprocessCallbacks>(
    protocolFactory: () => P,
    cmd: string,
    options?: SubprocessOptions,
  ): Coroutine<[transport: SubprocessTransport, protocol: P]>;
}

/**
 * Runs a program as a child process.
 *
 * By default the child inherits this program's standard streams. A child that is still running when
 * its loop is closed is killed.
 *
 * @param program - a file, or a name to search for in PATH
 * @param rest - the arguments, and optionally options at the end: `limit`: the readers'; all others
 *   as in {@link SubprocessOptions}
 * @returns a coroutine of the process
 * @throws {RangeError} when `limit` is not positive
 * @throws like {@link Loop.subprocessExec}
 * @throws {CancelledError} when the waiting task is cancelled; the child is killed and awaited
 * @see asyncio's `create_subprocess_exec()`,
 *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.create_subprocess_exec
 */
export function createSubprocessExec(
  program: string | URL,
  ...rest: string[] | [...args: string[], options: ProcessOptions]
): Coroutine<Process> {
  const [args, options] = splitOptions(rest) as [string[], ProcessOptions];
  const create = (): Promise<Process> =>
    created(options, false, (loop, factory, others) =>
      loop.subprocessExec(factory, program, ...args, others),
    );
  return new Coroutine(create, 'createSubprocessExec', undefined);
}

/**
 * Runs a shell command with `/bin/sh` as a child process; otherwise like
 * {@link createSubprocessExec}.
 *
 * Quote all parts of the command that come from outside the program.
 *
 * @param cmd - the command
 * @param options - `limit`: the readers'; all others as in {@link SubprocessOptions}
 * @returns a coroutine of the process
 * @throws like {@link createSubprocessExec}
 * @see asyncio's `create_subprocess_shell()`,
 *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.create_subprocess_shell
 */
export function createSubprocessShell(
  cmd: string,
  options: ProcessOptions = {},
): Coroutine<Process> {
  const create = (): Promise<Process> =>
    created(options, true, (loop, factory, others) => loop.subprocessShell(factory, cmd, others));
  return new Coroutine(create, 'createSubprocessShell', undefined);
}

async function created(
  options: ProcessOptions,
  shell: boolean,
  run: (
    loop: SpawningLoop,
    factory: () => SubprocessStreamProtocol,
    options: SubprocessOptions,
  ) => Coroutine<[SubprocessTransport, SubprocessStreamProtocol]>,
): Promise<Process> {
  checkNames(options, shell, `${SUBPROCESS} limit`);
  const { limit, ...others } = options;
  if (limit !== undefined) checkLimit(limit);
  const loop = requireRunningLoop() as SpawningLoop;
  const factory = (): SubprocessStreamProtocol => new SubprocessStreamProtocol(limit, loop);
  // By default the standard streams are inherited.
  const named = { stdin: undefined, stdout: undefined, stderr: undefined, ...others };
  const [transport, protocol] = await run(loop, factory, named);
  return new Process(transport as WaitedTransport, protocol);
}
