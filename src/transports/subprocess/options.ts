import { fstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkOptions } from '../../base/check-options.ts';
import { checkIterable, checkText } from '../../base/check-types.ts';
import { fromNodeError, osError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import { signalToSend } from '../../base/signal-names.ts';
import { checkSignal } from '../../core/coroutines/abort-signals.ts';
import type { DriverName } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import type { HasDescriptor } from '../pipes/open-pipe.ts';

/** A pipe between the program and its child. */
export const PIPE = -1;

/** For `stderr`: the same as `stdout`. */
export const STDOUT = -2;

/** The null device. */
export const DEVNULL = -3;

/**
 * A standard stream of a child: {@link PIPE}, {@link DEVNULL}, a descriptor, or an object with one
 * as `fd`; `undefined` inherits the program's.
 */
export type Stdio = number | Socket | HasDescriptor | undefined;

/** Options for a child process. */
export interface SubprocessOptions {
  /** The child's standard input. */
  readonly stdin?: Stdio;
  /** The child's standard output. */
  readonly stdout?: Stdio;
  /** The child's standard error; {@link STDOUT} for the same as `stdout`. */
  readonly stderr?: Stdio;
  /** The working directory of the child; by default the program's. */
  readonly cwd?: string | URL | undefined;
  /** The child's whole environment; by default the program's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The file to run, if it differs from the program name that the child sees. */
  readonly executable?: string | URL | undefined;
  /** Run the child in a new session, and so in a new process group? By default no. */
  readonly startNewSession?: boolean | undefined;
  /** Descriptors that the child inherits, with the same numbers. */
  readonly passFds?: readonly number[] | undefined;
  /** The user id of the child. */
  readonly user?: number | undefined;
  /** The group id of the child. */
  readonly group?: number | undefined;
  /** Sends `killSignal` to the child when aborted. Not in asyncio. */
  readonly signal?: AbortSignal | undefined;
  /** By default `'SIGTERM'`. Not in asyncio. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /** The driver that creates the pipes; by default that of new sockets. Not in asyncio. */
  readonly driver?: DriverName | undefined;
}

/** What to run: a file with its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** The names of {@link SubprocessOptions}. */
export const SUBPROCESS =
  'stdin stdout stderr cwd env executable startNewSession passFds user group signal killSignal driver';

/** Options of `subprocess.Popen` that asyncio accepts only with these values. */
const REFUSED: Readonly<Record<string, unknown>> = {
  universalNewlines: false,
  bufsize: 0,
  text: false,
  encoding: undefined,
  errors: undefined,
};

/**
 * @param shell - the only allowed value of `shell`
 * @throws {TypeError} when an option has the wrong type, or is unknown
 * @throws {RangeError} when an option has a value that asyncio refuses
 */
export function checkSubprocess(options: SubprocessOptions, shell: boolean): void {
  checkNames(options, shell, SUBPROCESS);
  checkSignal(options.signal);
  if (options.killSignal !== undefined && signalToSend(options.killSignal) === 0)
    throw rangeError('killSignal must be a signal, got 0');
  checkStdio(options);
  checkOthers(options);
}

/** @throws {TypeError} when an option has none of the names */
export function checkNames(options: object, shell: boolean, names: string): void {
  checkOptions(options);
  const others: Record<string, unknown> = { ...options };
  for (const [name, accepted] of Object.entries({ ...REFUSED, shell })) {
    const value = others[name];
    if (value !== undefined && value !== accepted)
      throw rangeError(`${name} must be ${brief(accepted)}, got ${brief(value)}`);
    delete others[name];
  }
  checkOptions(others, names);
}

function checkStdio({ stdin, stdout, stderr }: SubprocessOptions): void {
  for (const [name, value] of Object.entries({ stdin, stdout, stderr })) {
    if (value === undefined || (name === 'stderr' && value === STDOUT)) continue;
    const fd = descriptorOf(value);
    if (fd === undefined)
      throw typeError(
        `${name} must be PIPE, DEVNULL, a descriptor, or have one as fd, got ${brief(value)}`,
      );
    if (fd < 0 && fd !== PIPE && fd !== DEVNULL)
      throw rangeError(`${name} must be PIPE, DEVNULL or a descriptor, got ${brief(value)}`);
    if (fd < 0) continue;
    checkWhole(fd, 0, 0x7fffffff, name);
    checkIsOpen(fd);
  }
}

/**
 * Otherwise Node would end the process if one of `passFds` is too large, and start the child
 * without a standard stream whose descriptor is not open.
 *
 * @throws {OSError} EBADF
 */
function checkIsOpen(fd: number): void {
  try {
    fstatSync(fd);
  } catch (error) {
    throw fromNodeError(error);
  }
}

function checkOthers({ cwd, env, executable, passFds, user, group }: SubprocessOptions): void {
  if (cwd !== undefined) checkText(pathOf(cwd), 'cwd');
  // Node would use the current directory.
  if (cwd === '') throw osError('ENOENT', 'chdir', { filename: '' });
  if (executable !== undefined) checkText(pathOf(executable), 'executable');
  if (env !== undefined && (typeof env !== 'object' || env === null || Symbol.iterator in env))
    throw typeError(`env must be an object of strings, got ${brief(env)}`);
  for (const [name, value] of Object.entries(env ?? {})) {
    if (value === undefined) continue;
    checkText(name, 'a name in env');
    checkText(value, `env.${name}`);
    if (name.includes('='))
      throw rangeError(`a name in env must not contain "=", got ${brief(name)}`);
  }
  if (passFds !== undefined) checkIterable(passFds, 'passFds');
  for (const fd of passFds ?? []) {
    checkWhole(fd, 0, 0x7fffffff, 'a descriptor in passFds');
    checkIsOpen(fd);
  }
  // The largest number stands for no user.
  for (const [name, id] of Object.entries({ user, group }))
    if (id !== undefined) checkWhole(id, 0, 0xfffffffe, name);
}

/** A path, given as such or as a `file:` URL. */
export function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/**
 * The descriptor that a value stands for, or one of the negative constants; `undefined` for none.
 */
export function descriptorOf(value: Stdio): number | undefined {
  const fd =
    value instanceof Socket ? value.fileno() : typeof value === 'number' ? value : value?.fd;
  return Number.isInteger(fd) ? fd : undefined;
}
