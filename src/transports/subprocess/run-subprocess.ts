import { checkText } from '../../base/check-types.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { log } from '../../base/log/log.ts';
import { brief } from '../../base/printing/repr.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { checkFactory, checkProtocol } from '../protocols.ts';
import type { SubprocessCallbacks, SubprocessTransport } from '../transport.ts';
import { ChildTransport } from './child-transport.ts';
import { type Command, checkSubprocess, PIPE, pathOf, type SubprocessOptions } from './options.ts';
import { spawnChild } from './spawn.ts';

/** The arguments of a program, and optionally the options at the end. */
export type ProgramArguments = string[] | [...args: string[], options: SubprocessOptions];

/** `loop.subprocessExec()`, which documents it. */
export function subprocessExec<P extends SubprocessCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  program: string | URL,
  rest: readonly unknown[],
): Coroutine<[transport: SubprocessTransport, protocol: P]> {
  const [args, options] = splitOptions(rest);
  const run = (): Promise<[SubprocessTransport, P]> => {
    checkSubprocess(options, false);
    const name = pathOf(program);
    checkText(name, 'program');
    for (const arg of args) checkText(arg, 'an argument');
    return started(loop, protocolFactory, { program: name, args: args as string[] }, options);
  };
  return new Coroutine(async () => await run(), 'subprocessExec', undefined);
}

/** `loop.subprocessShell()`, which documents it. */
export function subprocessShell<P extends SubprocessCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  cmd: string,
  options: SubprocessOptions,
): Coroutine<[transport: SubprocessTransport, protocol: P]> {
  const run = (): Promise<[SubprocessTransport, P]> => {
    checkSubprocess(options, true);
    // A RangeError, because asyncio throws ValueError.
    if (typeof cmd !== 'string') throw rangeError(`cmd must be a string, got ${brief(cmd)}`);
    checkText(cmd, 'cmd');
    return started(loop, protocolFactory, { program: '/bin/sh', args: ['-c', cmd] }, options);
  };
  return new Coroutine(async () => await run(), 'subprocessShell', undefined);
}

/** Removes the options from the end of the arguments. */
export function splitOptions(
  rest: readonly unknown[],
): [args: readonly unknown[], options: SubprocessOptions] {
  const last = rest.at(-1);
  if (typeof last !== 'object' || last === null) return [rest, {}];
  return [rest.slice(0, -1), last as SubprocessOptions];
}

async function started<P extends SubprocessCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  command: Command,
  options: SubprocessOptions,
): Promise<[SubprocessTransport, P]> {
  checkFactory(protocolFactory);
  options.signal?.throwIfAborted();
  const protocol = protocolFactory();
  checkProtocol(protocol);
  const made = describeAs(new Future<void>(loop._asOption), 'subprocessExec');
  const spawned = spawnChild(command, withPipes(options), (error) => {
    if (!made.done()) made._fail(error);
  });
  // This throws.
  if (spawned.child.pid === undefined) await made;
  const transport = new ChildTransport(loop, protocol, spawned, options, made);
  try {
    await made;
  } catch (error) {
    transport.close();
    await transport._wait();
    throw error;
  }
  if (loop.getDebug()) log(`execute program ${command.program}: ${transport}`, 'info');
  return [transport, protocol];
}

/** By default the standard streams are pipes. */
function withPipes(options: SubprocessOptions): SubprocessOptions {
  const { hasOwn } = Object;
  return {
    ...options,
    stdin: hasOwn(options, 'stdin') ? options.stdin : PIPE,
    stdout: hasOwn(options, 'stdout') ? options.stdout : PIPE,
    stderr: hasOwn(options, 'stderr') ? options.stderr : PIPE,
  };
}
