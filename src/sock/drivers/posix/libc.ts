import { createRequire } from 'node:module';
import { type OSError, osError } from '../../../base/os-errors.ts';

/**
 * The one file that knows about pointers, the layout of C's structures, and errno: libc and the
 * libuv inside of Node, called through koffi.
 *
 * Pointers are numbers here. Memory that libuv or the kernel keeps is taken from C and never given
 * back: a buffer that V8 collects would leave them writing to somebody else's.
 */
export interface Libc {
  /** Why the last call failed: C's number. To be asked at once. */
  errno(): number;
  socket(family: number, type: number, proto: number): number;
  socketpair(family: number, type: number, proto: number, pair: Buffer): number;
  close(fd: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Buffer, length: Buffer, flags: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  shutdown(fd: number, how: number): number;
  recv(fd: number, into: Uint8Array, nbytes: number, flags: number): number;
  recvfrom(
    fd: number,
    into: Uint8Array,
    nbytes: number,
    flags: number,
    address: Buffer,
    length: Buffer,
  ): number;
  send(fd: number, data: Uint8Array, nbytes: number, flags: number): number;
  sendto(
    fd: number,
    data: Uint8Array,
    nbytes: number,
    flags: number,
    address: Buffer,
    length: number,
  ): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  getpeername(fd: number, address: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Buffer): number;
  inet_pton(family: number, text: string, into: Buffer): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Buffer): number;
  epoll_wait(epoll: number, events: Buffer, most: number, timeout: number): number;
}

interface Koffi {
  load(path: null): { func(definition: string): (...args: unknown[]) => unknown };
  errno(): number;
  proto(definition: string): unknown;
  pointer(type: unknown): unknown;
  register(callback: (...args: never[]) => void, type: unknown): unknown;
}

const SIGNATURES: Readonly<Record<string, string>> = {
  socket: 'int socket(int, int, int)',
  socketpair: 'int socketpair(int, int, int, void *)',
  close: 'int close(int)',
  bind: 'int bind(int, void *, uint32_t)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, void *, void *, int)',
  connect: 'int connect(int, void *, uint32_t)',
  shutdown: 'int shutdown(int, int)',
  recv: 'intptr_t recv(int, void *, size_t, int)',
  recvfrom: 'intptr_t recvfrom(int, void *, size_t, int, void *, void *)',
  send: 'intptr_t send(int, void *, size_t, int)',
  sendto: 'intptr_t sendto(int, void *, size_t, int, void *, uint32_t)',
  getsockname: 'int getsockname(int, void *, void *)',
  getpeername: 'int getpeername(int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, void *, uint32_t)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  inet_pton: 'int inet_pton(int, const char *, void *)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, void *)',
  epoll_wait: 'int epoll_wait(int, void *, int, int)',
};

let koffi: Koffi | undefined;
let functions: Libc | undefined;
let failure: string | undefined;

/** Why there is no {@link libc} here; `undefined` where there is one. */
export function whyNoLibc(): string | undefined {
  if (functions === undefined && failure === undefined) load();
  return failure;
}

/** The functions; {@link whyNoLibc} was asked before. */
export function libc(): Libc {
  return functions as Libc;
}

/** The error of the call that has just failed. */
export function lastError(syscall: string): OSError {
  const error = osError(-libc().errno(), syscall);
  // One number with two names on Linux; of sockets, this is the one.
  return error.code === 'ENOTSUP' ? osError('EOPNOTSUPP', syscall) : error;
}

function load(): void {
  if (process.platform !== 'linux') {
    failure = `it knows Linux only, not ${process.platform}`;
    return;
  }
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const library = koffi.load(null);
    const made: Record<string, unknown> = { errno: koffi.errno };
    for (const [name, signature] of Object.entries(SIGNATURES))
      made[name] = library.func(signature);
    functions = made as unknown as Libc;
  } catch (error) {
    failure = `koffi, the optional dependency, does not load: ${(error as Error).message}`;
  }
}

// ---- libuv -------------------------------------------------------------------------------------

const UV_POLL = 8;
const UV_READABLE = 1;

/** `uv_handle_t.flags`: the same place and bits in all of libuv 1. */
const FLAGS_AT = 88;
const FLAG_REF = 0x8;
const FLAG_INTERNAL = 0x10;

/**
 * Has Node's own loop call `ready` in each poll phase in which the descriptor is readable, without
 * keeping the process alive. For ever: nothing of it is given back before the thread ends.
 *
 * Called by libuv itself, outside of what Node wraps around callbacks: `ready` may ask for an
 * immediate and must not throw.
 *
 * A thread of Node's that is ended from outside runs no code of ours. So the handle is stopped and
 * the descriptor closed by hooks in C, and libuv is told that the handle is its own affair: else
 * it would abort the process over a handle that is left.
 */
export function pollForEver(fd: number, ready: () => void): void {
  const { load: open, proto, pointer, register } = koffi as Koffi;
  const library = open(null);
  const call = (definition: string): ((...args: unknown[]) => number) =>
    library.func(definition) as (...args: unknown[]) => number;
  const isolate = call('uintptr_t _ZN2v87Isolate10GetCurrentEv()')();
  const loop = call('uintptr_t _ZN4node19GetCurrentEventLoopEPN2v87IsolateE(uintptr_t)')(isolate);
  const handle = call('uintptr_t calloc(size_t, size_t)')(
    1,
    call('size_t uv_handle_size(int)')(UV_POLL),
  );
  const callback = register(ready, pointer(proto('void uv_poll_cb(uintptr_t, int, int)')));
  must(call('int uv_poll_init(uintptr_t, uintptr_t, int)')(loop, handle, fd), 'uv_poll_init');
  must(
    call('int uv_poll_start(uintptr_t, int, void *)')(handle, UV_READABLE, callback),
    'uv_poll_start',
  );
  call('void uv_unref(uintptr_t)')(handle);
  const flags = Buffer.alloc(4);
  call('uintptr_t memcpy(void *, uintptr_t, size_t)')(flags, handle + FLAGS_AT, 4);
  const bits = flags.readUInt32LE(0);
  if ((bits & (FLAG_REF | FLAG_INTERNAL)) !== 0) throw new Error('libuv has its flags elsewhere');
  flags.writeUInt32LE(bits | FLAG_INTERNAL, 0);
  call('uintptr_t memcpy(uintptr_t, void *, size_t)')(handle + FLAGS_AT, flags, 4);
  const symbol = call('uintptr_t dlsym(uintptr_t, const char *)');
  const atEnd = call(
    'void _ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_(uintptr_t, uintptr_t, uintptr_t)',
  );
  atEnd(isolate, symbol(0, 'close'), fd);
  atEnd(isolate, symbol(0, 'uv_poll_stop'), handle);
}

function must(status: number, what: string): void {
  if (status < 0) throw new Error(`${what} failed: ${status}`);
}
