import { createRequire } from 'node:module';

/** The libc functions that the client needs; each returns -1 on failure. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  recv(fd: number, buffer: Buffer, length: number, flags: number): number;
  send(fd: number, buffer: Buffer, length: number, flags: number): number;
  close(fd: number): number;
  epollCreate(flags: number): number;
  epollControl(selector: number, operation: number, fd: number, event: Buffer): number;
  epollWait(selector: number, events: Buffer, most: number, ms: number): number;
  /** The errno of the last call. */
  errno(): number;
}

/** The part of koffi that is used here. */
interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

/** Binds libc through koffi; `undefined` if koffi or epoll is not available. */
export function loadLibc(): Libc | undefined {
  if (process.platform !== 'linux') return undefined;
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    // Not installed, or not for this platform: the client then uses node:net.
    return undefined;
  }
  const libc = koffi.load(null);
  return {
    socket: libc.func('int socket(int, int, int)'),
    connect: libc.func('int connect(int, void *, unsigned int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, void *, unsigned int)'),
    recv: libc.func('intptr_t recv(int, void *, size_t, int)'),
    send: libc.func('intptr_t send(int, void *, size_t, int)'),
    close: libc.func('int close(int)'),
    epollCreate: libc.func('int epoll_create1(int)'),
    epollControl: libc.func('int epoll_ctl(int, int, int, void *)'),
    epollWait: libc.func('int epoll_wait(int, void *, int, int)'),
    errno: () => koffi.errno(),
  };
}
