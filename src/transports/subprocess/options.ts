import { fstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromNodeError } from '../../base/errors/os-errors.ts';
import { brief } from '../../base/printing/repr.ts';
import { signalName } from '../../base/signal-names.ts';
import { checkSignal } from '../../core/coroutines/abort-signals.ts';
import type { DriverName } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import type { HasDescriptor } from '../pipes/open-pipe.ts';

/** A pipe between the program and its child. */
export const PIPE = -1;

/** For `stderr`: where `stdout` goes. */
export const STDOUT = -2;

/** Nothing to read, and nobody who reads what is written. */
export const DEVNULL = -3;

/**
 * Where a standard stream of a child leads: {@link PIPE}, {@link DEVNULL}, a descriptor, or what has
 * one as `fd`; `undefined`: to where that of the program leads.
 */
export type Stdio = number | Socket | HasDescriptor | undefined;

/** Options for a child process. */
export interface SubprocessOptions {
  /** What the child reads. */
  readonly stdin?: Stdio;
  /** What the child writes to. */
  readonly stdout?: Stdio;
  /** What the child writes errors to; {@link STDOUT}: where `stdout` leads. */
  readonly stderr?: Stdio;
  /** The directory in which the child runs; by default that of the program. */
  readonly cwd?: string | URL | undefined;
  /** All of the child's environment; by default the program's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The file that is run, where the program's name is only what the child is told. */
  readonly executable?: string | URL | undefined;
  /** Does the child lead a session, and so a group of processes, of its own? By default not. */
  readonly startNewSession?: boolean | undefined;
  /** Descriptors that the child has, too, by the same numbers. */
  readonly passFds?: readonly number[] | undefined;
  /** The number of the user that the child runs as. */
  readonly user?: number | undefined;
  /** The number of the group that the child runs as. */
  readonly group?: number | undefined;
  /** Sends the child `killSignal` when it is aborted. Not in asyncio. */
  readonly signal?: AbortSignal | undefined;
  /** By default `'SIGTERM'`. Not in asyncio. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /** How the pipes are made; by default as sockets are. Not in asyncio. */
  readonly driver?: DriverName | undefined;
}

/** What is run: a file with its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

const KNOWN: ReadonlySet<string> = new Set([
  'stdin',
  'stdout',
  'stderr',
  'cwd',
  'env',
  'executable',
  'startNewSession',
  'passFds',
  'user',
  'group',
  'signal',
  'killSignal',
  'driver',
]);

/** What `subprocess.Popen` has, and asyncio refuses, but for these values. */
const REFUSED: Readonly<Record<string, unknown>> = {
  universalNewlines: false,
  bufsize: 0,
  text: false,
  encoding: undefined,
  errors: undefined,
};

/**
 * @param shell - the only value that `shell` may have
 * @throws {TypeError} when an option is of the wrong type, or there is none of that name
 * @throws {RangeError} when one has a value that asyncio refuses
 */
export function checkOptions(options: SubprocessOptions, shell: boolean): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`options must be an object, got ${brief(options)}`);
  const refused: Record<string, unknown> = { ...REFUSED, shell };
  for (const [name, value] of Object.entries(options)) {
    if (KNOWN.has(name)) continue;
    if (!Object.hasOwn(refused, name))
      throw new TypeError(`unexpected option of a subprocess: ${brief(name)}`);
    if (value !== undefined && value !== refused[name])
      throw new RangeError(`${name} must be ${brief(refused[name])}, got ${brief(value)}`);
  }
  checkSignal(options.signal);
  if (options.killSignal !== undefined) signalName(options.killSignal);
  checkStdio(options);
  checkOthers(options);
}

function checkStdio({ stdin, stdout, stderr }: SubprocessOptions): void {
  for (const [name, value] of Object.entries({ stdin, stdout, stderr })) {
    if (value === undefined || (name === 'stderr' && value === STDOUT)) continue;
    const fd = descriptorOf(value);
    if (fd === undefined)
      throw new TypeError(
        `${name} must be PIPE, DEVNULL, a descriptor, or have one as fd, got ${brief(value)}`,
      );
    if (fd < 0 && fd !== PIPE && fd !== DEVNULL)
      throw new RangeError(`${name} must be PIPE, DEVNULL or a descriptor, got ${brief(value)}`);
  }
}

/** Node makes a list as long as the number: one that is too large would end the process. @throws {OSError} EBADF */
function checkIsOpen(fd: number): void {
  try {
    fstatSync(fd);
  } catch (error) {
    throw fromNodeError(error);
  }
}

function checkOthers({ cwd, env, executable, passFds, user, group }: SubprocessOptions): void {
  if (cwd !== undefined) checkText(pathOf(cwd), 'cwd');
  if (executable !== undefined) checkText(pathOf(executable), 'executable');
  if (env !== undefined && (typeof env !== 'object' || env === null))
    throw new TypeError(`env must be an object of strings, got ${brief(env)}`);
  for (const [name, value] of Object.entries(env ?? {})) {
    if (value === undefined) continue;
    checkText(name, 'a name in env');
    checkText(value, `env.${name}`);
    if (name.includes('=')) throw new RangeError(`a name in env has a "=" in it: ${brief(name)}`);
  }
  for (const fd of passFds ?? []) {
    if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff)
      throw new TypeError(`passFds must be descriptors, got ${brief(fd)}`);
    checkIsOpen(fd);
  }
  for (const [name, id] of Object.entries({ user, group }))
    if (id !== undefined && !Number.isInteger(id))
      throw new TypeError(`${name} must be a whole number, got ${brief(id)}`);
}

/**
 * @throws {TypeError} when `value` is not a string
 * @throws {RangeError} when it has a null character in it
 */
export function checkText(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string')
    throw new TypeError(`${what} must be a string, got ${brief(value)}`);
  if (value.includes('\0')) throw new RangeError(`${what} has a null character in it`);
}

/** A path, which a URL may give. */
export function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/** The descriptor that something stands for, be it one of the negative numbers; `undefined`: none. */
export function descriptorOf(value: Stdio): number | undefined {
  const fd =
    value instanceof Socket ? value.fileno() : typeof value === 'number' ? value : value?.fd;
  return Number.isInteger(fd) ? fd : undefined;
}
