import { Buffer } from 'node:buffer';
import { OSError, osError } from '../../../../base/errors/os-errors.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../../constants/constants.ts';
import { hasDescriptor } from '../../../endpoint/descriptor-limit.ts';
import { errno, loadErrno } from './errno.ts';
import { kernel } from './kernel.ts';
import { bindAll, koffi } from './koffi.ts';
import { closeAtThreadEnd, keepAtThreadEnd, loadLibuv } from './libuv.ts';

/**
 * libc, called through koffi. Only this file, `libuv.ts`, `message.ts` and `sockaddr.ts` know the
 * layout of C structures and what kernels do differently.
 */
export interface Libc {
  bind(fd: number, address: Buffer, length: number): number;
  listen(fd: number, backlog: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  shutdown(fd: number, how: number): number;
  recv(fd: number, into: Uint8Array, nbytes: number, flags: number): number;
  /**
   * The same with an address, which is cheaper but does not keep the memory from being collected.
   */
  recvAt(fd: number, address: number, nbytes: number, flags: number): number;
  recvfrom(
    fd: number,
    into: Uint8Array,
    nbytes: number,
    flags: number,
    address: Buffer,
    length: Uint32Array,
  ): number;
  /** Linux only. Takes the address of a `struct msghdr`. */
  recvmsg?(fd: number, message: number, flags: number): number;
  sendmsg?(fd: number, message: number, flags: number): number;
  send(fd: number, data: Uint8Array, nbytes: number, flags: number): number;
  sendto(
    fd: number,
    data: Uint8Array,
    nbytes: number,
    flags: number,
    address: Buffer,
    length: number,
  ): number;
  getsockname(fd: number, address: Buffer, length: Uint32Array): number;
  getpeername(fd: number, address: Buffer, length: Uint32Array): number;
  inet_pton(family: number, text: string, into: Uint8Array): number;
  /** Takes the address of the memory to read into. */
  read(fd: number, address: number, nbytes: number): number;
  write(fd: number, data: Uint8Array, nbytes: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Int32Array): number;
  epoll_wait(epoll: number, events: number, most: number, timeout: number): number;
}

/** Functions that are called only in this file. */
interface Hidden {
  socket(family: number, type: number, proto: number): number;
  socketpair(family: number, type: number, proto: number, pair: Buffer): number;
  accept(fd: number, address: Buffer, length: Uint32Array): number;
  accept4(fd: number, address: Buffer, length: Uint32Array, flags: number): number;
  close(fd: number): number;
  // A variadic argument is preceded by its type.
  fcntl(fd: number, command: number, type: 'int', argument: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Uint32Array): number;
  lseek(fd: number, offset: number, whence: number): number;
  pipe(pair: Buffer): number;
  pipe2?(pair: Buffer, flags: number): number;
  sendfile?(to: number, from: number, offset: Buffer, nbytes: number): number;
}

const SIGNATURES: Readonly<Record<string, string>> = {
  socket: 'int socket(int, int, int)',
  socketpair: 'int socketpair(int, int, int, void *)',
  accept: 'int accept(int, void *, void *)',
  close: 'int close(int)',
  fcntl: 'int fcntl(int, int, ...)',
  bind: 'int bind(int, void *, uint32_t)',
  listen: 'int listen(int, int)',
  connect: 'int connect(int, void *, uint32_t)',
  shutdown: 'int shutdown(int, int)',
  recv: 'int recv(int, void *, size_t, int)',
  recvAt: 'int recv(int, uintptr_t, size_t, int)',
  recvfrom: 'intptr_t recvfrom(int, void *, size_t, int, void *, void *)',
  send: 'int send(int, void *, size_t, int)',
  sendto: 'intptr_t sendto(int, void *, size_t, int, void *, uint32_t)',
  getsockname: 'int getsockname(int, void *, void *)',
  getpeername: 'int getpeername(int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, void *, uint32_t)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  inet_pton: 'int inet_pton(int, const char *, void *)',
  lseek: 'int64_t lseek(int, int64_t, int)',
  read: 'intptr_t read(int, uintptr_t, size_t)',
  write: 'intptr_t write(int, void *, size_t)',
  pipe: 'int pipe(void *)',
};

const LINUX_SIGNATURES: Readonly<Record<string, string>> = {
  recvmsg: 'intptr_t recvmsg(int, uintptr_t, int)',
  sendmsg: 'intptr_t sendmsg(int, uintptr_t, int)',
  accept4: 'int accept4(int, void *, void *, int)',
  sendfile: 'intptr_t sendfile(int, int, void *, size_t)',
  pipe2: 'int pipe2(void *, int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, void *)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
};

let functions: (Libc & Hidden) | undefined;
/** Why the functions will never be available. */
let failure: string | undefined;

/**
 * Loads {@link libc}.
 *
 * @throws {MissingError} when it is unavailable, temporarily or permanently
 */
export function loadLibc(): void {
  if (functions !== undefined) return;
  if (failure !== undefined) throw new MissingError(failure, true);
  try {
    functions = loadFunctions();
  } catch (error) {
    if (error instanceof MissingError && error.permanent) failure = error.message;
    throw error;
  }
}

/** The C functions; call {@link loadLibc} first. */
export function libc(): Libc {
  return functions as Libc;
}

/** The driver is unavailable: permanently, or until some resource is free again. */
export class MissingError extends Error {
  readonly permanent: boolean;

  constructor(why: string, permanent: boolean) {
    super(why);
    this.permanent = permanent;
  }
}

function loadFunctions(): Libc & Hidden {
  const { platform } = process;
  if (platform !== 'linux' && platform !== 'darwin')
    throw new MissingError(`it supports only Linux and macOS, not ${platform}`, true);
  // Without a descriptor Node would not find koffi, and would remember that.
  if (!hasDescriptor()) throw new MissingError('no descriptor is left to load koffi', false);
  try {
    koffi();
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new MissingError(
      `the optional dependency koffi does not load: ${line}`,
      hasDescriptor() && !isShortage(error),
    );
  }
  try {
    const signatures = platform === 'linux' ? { ...SIGNATURES, ...LINUX_SIGNATURES } : SIGNATURES;
    const bound = bindAll<Libc & Hidden>(signatures);
    loadErrno();
    loadLibuv();
    return bound;
  } catch (error) {
    if (isShortage(error)) throw new MissingError((error as Error).message, false);
    throw new MissingError(
      `this version of Node lacks something that it needs: ${(error as Error).message}`,
      true,
    );
  }
}

/** Is it a shortage: of descriptors, memory, or koffi's callbacks? */
export function isShortage(error: unknown): boolean {
  return (
    error instanceof OSError ||
    /\btoo many\b|cannot allocate|out of memory/i.test((error as Error).message)
  );
}

/** The address of an array's bytes. The array must outlive its use. */
export function addressOf(array: ArrayBufferView): number {
  return Number(koffi().address(array));
}

/**
 * The error of the call that just failed.
 *
 * @param number - its errno, if it was already read
 */
export function lastError(syscall: string, number: number = errno[0]): OSError {
  const error = osError(-number, syscall);
  // On Linux both names have the same number; this is the one for sockets.
  return error.code === 'ENOTSUP' ? osError('EOPNOTSUPP', syscall) : error;
}

// ---- descriptors -------------------------------------------------------------------------------

const F_GETFL = 3;
const F_SETFL = 4;
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

const TYPE_FLAGS = kernel.makesNonBlocking ? SOCK_NONBLOCK | SOCK_CLOEXEC : 0;

/**
 * For {@link Libc.send} and {@link Libc.sendto}: a peer that is gone causes an error, not a signal.
 */
export const MSG_NOSIGNAL: number = kernel.msgNoSignal;

function hidden(): Hidden {
  return functions as Hidden;
}

/** Creates a non-blocking socket; returns its descriptor, or -1. */
export function openSocket(family: number, type: number, proto: number): number {
  return made(hidden().socket(kernel.familyOut(family), type | TYPE_FLAGS, proto));
}

/** Creates two connected non-blocking sockets; `undefined` on failure. */
export function openPair(
  family: number,
  type: number,
  proto: number,
): [one: number, other: number] | undefined {
  const pair = Buffer.alloc(8);
  const status = hidden().socketpair(kernel.familyOut(family), type | TYPE_FLAGS, proto, pair);
  if (status < 0) return undefined;
  return [made(pair.readInt32LE(0)), made(pair.readInt32LE(4))];
}

/** Accepts a connection as a non-blocking socket; returns its descriptor, or -1. */
export function acceptFrom(fd: number, address: Buffer, length: Uint32Array): number {
  const { accept, accept4 } = hidden();
  const accepted = kernel.makesNonBlocking
    ? accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC)
    : accept(fd, address, length);
  return accepted < 0 ? accepted : made(accepted);
}

/** Duplicates a descriptor; -1 on failure. */
export function duplicate(fd: number): number {
  const copy = hidden().fcntl(fd, kernel.fDupfdCloexec, 'int', 0);
  if (copy >= 0) closeAtThreadEnd(copy);
  return copy;
}

/** Prepares a foreign descriptor for our use: non-blocking, without SIGPIPE. */
export function takeOver(fd: number): number {
  if (!setNonBlocking(fd)) return -1;
  silence(fd);
  closeAtThreadEnd(fd);
  return fd;
}

/** Do child processes inherit a descriptor? */
export function isInheritable(fd: number): boolean {
  return (fdFlags(fd) & FD_CLOEXEC) === 0;
}

/** Sets whether child processes inherit a descriptor. */
export function letInherit(fd: number, inheritable: boolean): void {
  const flags = fdFlags(fd);
  const wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
  if (hidden().fcntl(fd, F_SETFD, 'int', wanted) < 0) throw lastError('fcntl');
}

function fdFlags(fd: number): number {
  const flags = hidden().fcntl(fd, F_GETFD, 'int', 0);
  if (flags < 0) throw lastError('fcntl');
  return flags;
}

/** Gives up a descriptor that goes to another owner. */
export function handOver(fd: number): void {
  keepAtThreadEnd(fd);
}

/** Closes a descriptor. Errors are ignored, because it is closed anyway. */
export function closeDescriptor(fd: number): void {
  keepAtThreadEnd(fd);
  hidden().close(fd);
}

/** Calls a function that uses a descriptor, and restores the descriptor's flags. */
export function keepingFlags<Result>(fd: number, act: () => Result): Result {
  const { fcntl } = hidden();
  const flags = fcntl(fd, F_GETFL, 'int', 0);
  try {
    return act();
  } finally {
    if (flags >= 0) fcntl(fd, F_SETFL, 'int', flags);
  }
}

/** Creates a blocking pipe that child processes do not inherit; `undefined` on failure. */
export function openPipe(): [readEnd: number, writeEnd: number] | undefined {
  const { pipe, pipe2, fcntl } = hidden();
  const pair = Buffer.alloc(8);
  const status = pipe2 === undefined ? pipe(pair) : pipe2(pair, SOCK_CLOEXEC);
  if (status < 0) return undefined;
  const ends: [number, number] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  if (pipe2 === undefined) for (const end of ends) fcntl(end, F_SETFD, 'int', FD_CLOEXEC);
  return ends;
}

/**
 * Makes a descriptor non-blocking.
 *
 * @returns a function that restores its flags; `undefined` on failure
 */
export function borrowNonBlocking(fd: number): (() => void) | undefined {
  const { fcntl } = hidden();
  const flags = fcntl(fd, F_GETFL, 'int', 0);
  if (!setNonBlocking(fd)) return undefined;
  return () => void fcntl(fd, F_SETFL, 'int', flags);
}

/** Sets up a descriptor that a call returned, if it did. */
function made(fd: number): number {
  if (fd < 0) return fd;
  if (!kernel.makesNonBlocking) {
    hidden().fcntl(fd, F_SETFD, 'int', FD_CLOEXEC);
    setNonBlocking(fd);
    silence(fd);
  }
  closeAtThreadEnd(fd);
  return fd;
}

function setNonBlocking(fd: number): boolean {
  const { fcntl } = hidden();
  const flags = fcntl(fd, F_GETFL, 'int', 0);
  if (flags < 0) return false;
  if ((flags & kernel.oNonBlock) !== 0) return true;
  return fcntl(fd, F_SETFL, 'int', flags | kernel.oNonBlock) >= 0;
}

function silence(fd: number): void {
  if (kernel.soNoSigPipe === undefined) return;
  const on = Buffer.alloc(4);
  on.writeInt32LE(1);
  hidden().setsockopt(fd, 0xffff, kernel.soNoSigPipe, on, 4);
}

// ---- files -------------------------------------------------------------------------------------

/** An `off_t` for the kernel to read and write. */
const fileOffset = Buffer.alloc(8);

/** The most bytes that one call sends, on Linux. */
const MOST_OF_FILE = 0x7ffff000;

/** Is the system call available? macOS has one with the same name and other arguments. */
export function hasSendfile(): boolean {
  return hidden().sendfile !== undefined;
}

/** Sends bytes of a file to a socket; returns how many, or -1. */
export function sendFile(fd: number, file: number, offset: number, nbytes: number): number {
  fileOffset.writeBigInt64LE(BigInt(offset));
  return (hidden().sendfile as NonNullable<Hidden['sendfile']>)(
    fd,
    file,
    fileOffset,
    Math.min(nbytes, MOST_OF_FILE),
  );
}

/** Sets the position of a file, in bytes from its start. Does nothing if it has none. */
export function seek(file: number, position: number): void {
  hidden().lseek(file, position, 0);
}

// ---- options -----------------------------------------------------------------------------------

/** Room for the value of an option; the size is Python's limit. */
const optionValue = Buffer.alloc(1024);
const optionLength = new Uint32Array(1);

/** @throws {OSError} when the kernel refuses, or does not have the option */
export function setOption(
  fd: number,
  level: number,
  option: number,
  value: number | Uint8Array,
): void {
  const numbers = kernel.option(level, option);
  if (numbers === undefined) throw osError('ENOPROTOOPT', 'setsockopt');
  let bytes: Uint8Array = optionValue;
  let length = 4;
  if (typeof value === 'number') optionValue.writeInt32LE(value, 0);
  else {
    bytes = value;
    length = value.length;
  }
  if (hidden().setsockopt(fd, ...numbers, bytes, length) < 0) throw lastError('setsockopt');
}

/** @throws {OSError} when the kernel refuses, or does not have the option */
export function getOption(fd: number, level: number, option: number): number | Buffer {
  const numbers = kernel.option(level, option);
  if (numbers === undefined) throw osError('ENOPROTOOPT', 'getsockopt');
  optionLength[0] = optionValue.length;
  if (hidden().getsockopt(fd, numbers[0], numbers[1], optionValue, optionLength) < 0)
    throw lastError('getsockopt');
  const length = optionLength[0];
  if (length === 4) return kernel.optionValue(level, option, optionValue.readInt32LE(0));
  return Buffer.from(optionValue.subarray(0, length));
}
