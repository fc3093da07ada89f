import type { ChildProcess, SpawnOptions, StdioOptions } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { fromNodeError, OSError, osError } from '../../base/errors/os-errors.ts';
import { childProcess } from '../../base/node-modules.ts';
import { otherRuntime } from '../../base/other-runtime.ts';
import { isA } from '../../base/values/attempt.ts';
import { outside } from '../../core/context/async-context.ts';
import { takeHandle } from '../../sock/drivers/node/handles/node-handles.ts';
import { NodePipe } from '../../sock/drivers/node/node-pipe.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import { hasDescriptor, noteFailure } from '../../sock/endpoint/descriptor-limit.ts';
import type { ChildPipe, Driver } from '../../sock/endpoint/endpoint.ts';
import { type OpenPipe, opened } from '../pipes/open-pipe.ts';
import {
  type Command,
  DEVNULL,
  descriptorOf,
  PIPE,
  pathOf,
  STDOUT,
  type SubprocessOptions,
} from './options.ts';

/** A child process, and our ends of its pipes by its descriptors: 0, 1, 2. */
export interface Spawned {
  readonly child: ChildProcess;
  readonly pipes: ReadonlyMap<number, OpenPipe>;
}

/** An item of Node's `stdio` option. */
type Given = 'inherit' | 'ignore' | 'pipe' | number;

/**
 * Starts a child process. It inherits only the descriptors that are listed.
 *
 * @param failed - called in a later tick if `child.pid` is `undefined`, with the error
 * @throws {OSError} when the child cannot be started, if that is known immediately
 */
export function spawnChild(
  command: Command,
  options: SubprocessOptions,
  failed: (error: Error) => void,
): Spawned {
  const driver = driverNamed(options.driver);
  const wanted = [options.stdin, options.stdout, options.stderr].map(descriptorOf);
  if (driver.pipeToChild === undefined)
    return spawnOnStreams(driver, wanted, command, options, failed);
  const made = new Map<number, ChildPipe>();
  const closeOurs = (): void => {
    for (const { end } of made.values()) end.close();
  };
  try {
    for (const [index, fd] of wanted.entries())
      if (fd === PIPE) made.set(index, driver.pipeToChild(index === 0));
    const given = wanted.map((fd, index) => made.get(index)?.theirs ?? plainStdio(fd, index));
    if (wanted[2] === STDOUT) given[2] = sameAs(given[1] as Given);
    const child = start(command, options, given, failed);
    if (child.pid === undefined) closeOurs();
    const pipes = [...made].map(([index, { end }]) => [index, opened(end)] as const);
    return { child, pipes: new Map(pipes) };
  } catch (error) {
    closeOurs();
    throw error;
  } finally {
    for (const { closeTheirs } of made.values()) closeTheirs();
  }
}

/** For STDOUT: the value that makes `stderr` the same as `stdout`. */
function sameAs(given: Given): Given {
  return given === 'inherit' ? 1 : given;
}

/** Like {@link spawnChild}, with streams that Node creates. */
function spawnOnStreams(
  { name }: Driver,
  wanted: readonly (number | undefined)[],
  command: Command,
  options: SubprocessOptions,
  failed: (error: Error) => void,
): Spawned {
  if ((name === 'memory' || otherRuntime !== undefined) && wanted.includes(PIPE))
    throw osError('EOPNOTSUPP', 'pipe', {
      strerror: `Operation not supported (the ${name} driver has no pipes to other processes${otherRuntime ? ` on ${otherRuntime}` : ''})`,
    });
  const given = wanted.map((fd, index) => (fd === PIPE ? 'pipe' : plainStdio(fd, index)));
  const merged = wanted[2] === STDOUT;
  if (merged) given[2] = sameAs(given[1] as Given);
  const isShared = merged && given[1] === 'pipe';
  if (isShared) given[2] = 'ignore';
  // Without a descriptor left for its own two pipes, Node would leak those it has created.
  const pipesMade = given.filter((stdio) => stdio === 'pipe').length;
  if (pipesMade > 0 && !hasDescriptor(2 * pipesMade + 2))
    throw noteFailure(
      explained(osError('EMFILE', 'spawn'), command.program, options.cwd) as OSError,
    );
  const child = isShared
    ? startWithOneOutput(command, options, given, failed)
    : start(command, options, given, failed);
  const pipes = new Map<number, OpenPipe>();
  if (child.pid === undefined) return { child, pipes };
  for (const [index, stdio] of given.entries()) {
    const stream = [child.stdin, child.stdout, child.stderr][index];
    if (stdio === 'pipe' && stream)
      pipes.set(index, opened(new NodePipe(takeHandle(stream), true)));
  }
  return { child, pipes };
}

/**
 * Node gives each stream its own pipe. So a shell redirects the second to the first, then executes
 * the program.
 */
function startWithOneOutput(
  { program, args }: Command,
  { executable, ...options }: SubprocessOptions,
  given: readonly Given[],
  failed: (error: Error) => void,
): ChildProcess {
  const file = executable === undefined ? program : pathOf(executable);
  const code = whyNotRun(file, options);
  if (code !== undefined) throw explained(osError(code, 'spawn'), file, options.cwd);
  const shell = ['-c', 'exec "$0" "$@" 2>&1', file, ...args];
  return start({ program: '/bin/sh', args: shell }, options, given, failed);
}

/**
 * The error code for a file that cannot be run, as far as can be known in advance. A name without a
 * slash is searched for in PATH.
 */
function whyNotRun(
  file: string,
  { cwd, env = process.env }: SubprocessOptions,
): string | undefined {
  const directory = cwd === undefined ? '.' : pathOf(cwd);
  const places = file.includes('/') ? [''] : (env['PATH'] ?? '/usr/bin:/bin').split(delimiter);
  let code = 'ENOENT';
  for (const place of places) {
    try {
      const path = resolve(directory, place, file);
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return undefined;
      code = 'EACCES';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') code = 'EACCES';
    }
  }
  return code;
}

function plainStdio(fd: number | undefined, index: number): Given {
  if (fd === undefined || fd === STDOUT) return 'inherit';
  if (fd === DEVNULL) return 'ignore';
  return fd === index ? 'inherit' : fd;
}

function start(
  { program, args }: Command,
  options: SubprocessOptions,
  given: readonly Given[],
  failed: (error: Error) => void,
): ChildProcess {
  const { executable, cwd, env, startNewSession, passFds = [], user, group } = options;
  const stdio: Given[] = [...given];
  for (const fd of passFds) {
    while (stdio.length <= fd) stdio.push('ignore');
    if (fd > 2) stdio[fd] = fd;
  }
  const spawning: SpawnOptions = {
    stdio: stdio as StdioOptions,
    ...(executable !== undefined && { argv0: program }),
    ...(cwd !== undefined && { cwd: pathOf(cwd) }),
    ...(env !== undefined && { env: env as NodeJS.ProcessEnv }),
    ...(startNewSession && { detached: true }),
    // Node expects signed 32-bit numbers.
    ...(user !== undefined && { uid: user | 0 }),
    ...(group !== undefined && { gid: group | 0 }),
  };
  const file = executable === undefined ? program : pathOf(executable);
  const asOurs = (error: unknown): Error => explained(error, file, cwd);
  return outside(() => {
    let child: ChildProcess;
    try {
      if (file === '') throw osError('EACCES', 'spawn');
      child = childProcess().spawn(file, args, spawning);
    } catch (error) {
      throw asOurs(error);
    }
    child.once('error', (error) => failed(asOurs(error)));
    // Only the running loop keeps the process alive.
    if (child.pid !== undefined) child.unref();
    return child;
  });
}

/** Adds the file or directory to the error, as in Python. */
function explained(error: unknown, file: string, cwd: string | URL | undefined): Error {
  const ours = fromNodeError(error);
  if (!isA(ours, OSError)) return ours;
  const { code = 'EIO' } = ours;
  const directory = cwd === undefined ? undefined : pathOf(cwd);
  const filename = directory !== undefined && !isDirectory(directory) ? directory : file;
  return osError(code, 'spawn', { filename, cause: error });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
