import { Buffer } from 'node:buffer';
import { lookInEachTurn } from '../../../../base/check-phase.ts';
import { type OSError, osError } from '../../../../base/errors/os-errors.ts';
import { workerThreads } from '../../../../base/node-modules.ts';
import { kernel } from './kernel.ts';
import { bindAll, koffi } from './koffi.ts';

/**
 * The libuv inside of Node, as far as it polls descriptors for us; pointers are numbers here.
 *
 * Memory that libuv keeps is C's own: a buffer that V8 collects would leave libuv writing to
 * somebody else's.
 *
 * A thread of Node's that is ended from outside runs no code of ours. So what it has open is
 * stopped and closed by hooks in C, and our handles are marked as libuv's internal ones: otherwise it
 * would abort the process over a handle that is left.
 */
interface Libuv {
  isolate(): number;
  currentLoop(isolate: number): number;
  calloc(count: number, size: number): number;
  free(memory: number): void;
  copyOut(to: Buffer, from: number, nbytes: number): number;
  copyIn(to: number, from: Buffer, nbytes: number): number;
  dlsym(where: number, name: string): number;
  handleSize(type: number): number;
  pollInit(loop: number, handle: number, fd: number): number;
  pollStart(handle: number, events: number, callback: unknown): number;
  /** The same with a callback in C, by its address. */
  pollStartInC(handle: number, events: number, callback: number): number;
  pollStop(handle: number): number;
  close(handle: number, callback: number): void;
  addCleanupHook(isolate: number, hook: number, argument: number): void;
  removeCleanupHook(isolate: number, hook: number, argument: number): void;
}

const SIGNATURES: Readonly<Record<keyof Libuv, string>> = {
  isolate: 'uintptr_t _ZN2v87Isolate10GetCurrentEv()',
  currentLoop: 'uintptr_t _ZN4node19GetCurrentEventLoopEPN2v87IsolateE(uintptr_t)',
  calloc: 'uintptr_t calloc(size_t, size_t)',
  free: 'void free(uintptr_t)',
  copyOut: 'uintptr_t memcpy(void *, uintptr_t, size_t)',
  copyIn: 'uintptr_t memcpy(uintptr_t, void *, size_t)',
  dlsym: 'uintptr_t dlsym(intptr_t, const char *)',
  handleSize: 'size_t uv_handle_size(int)',
  pollInit: 'int uv_poll_init(uintptr_t, uintptr_t, int)',
  pollStart: 'int uv_poll_start(uintptr_t, int, void *)',
  pollStartInC: 'int uv_poll_start(uintptr_t, int, uintptr_t)',
  pollStop: 'int uv_poll_stop(uintptr_t)',
  close: 'void uv_close(uintptr_t, uintptr_t)',
  addCleanupHook:
    'void _ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_(uintptr_t, uintptr_t, uintptr_t)',
  removeCleanupHook:
    'void _ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_(uintptr_t, uintptr_t, uintptr_t)',
};

/** What `uv_poll_t` tells of: something to read, room to send. */
export const UV_READABLE = 1;
export const UV_WRITABLE = 2;

const UV_POLL = 8;

/** `uv_handle_t.flags`: the same place and bits in all of libuv 1. */
const FLAGS_AT = 88;
const FLAG_REF = 0x8;
const FLAG_INTERNAL = 0x10;

/** The flags of a new handle, as libuv made them. */
const flagsBefore = Buffer.alloc(4);
/** Those that it gets: it keeps nothing alive, and is no affair of libuv's. */
const internalFlags = Buffer.from(new Uint32Array([FLAG_INTERNAL]).buffer);

/** What is the same for the whole life of the thread. */
interface Thread {
  readonly uv: Libuv;
  readonly isolate: number;
  readonly loop: number;
  readonly size: number;
  /** Functions of C, to be called by C. */
  readonly functions: { readonly free: number; readonly close: number; readonly pollStop: number };
}

let thisThread: Thread | undefined;

/**
 * One callback of C for all {@link PollHandle}s. The process has 8,192 of them for all threads, and koffi
 * does not take one back by itself when its thread ends.
 */
let callback: unknown;

/** Has the thread ended? */
let ended = false;

/** The receivers of events, by the address of their handle. */
const handles = new Map<number, PollHandle>();

/** Descriptors that a hook closes when the thread ends. */
const closedAtEnd = new Set<number>();

/**
 * Finds all that is needed of libuv.
 *
 * @throws {Error} when this Node lacks some of it, or has it elsewhere
 */
export function loadLibuv(): void {
  thread();
}

function thread(): Thread {
  if (thisThread !== undefined) return thisThread;
  const uv = bindAll<Libuv>(SIGNATURES);
  const isolate = uv.isolate();
  const functions = {
    free: symbol(uv, 'free'),
    close: symbol(uv, 'close'),
    pollStop: symbol(uv, 'uv_poll_stop'),
  };
  thisThread = {
    uv,
    isolate,
    loop: uv.currentLoop(isolate),
    size: uv.handleSize(UV_POLL),
    functions,
  };
  return thisThread;
}

/** The address of a function of C. */
function symbol(uv: Libuv, name: string): number {
  const address = uv.dlsym(kernel.rtldDefault, name);
  if (address === 0) throw new Error(`this Node has no ${name}`);
  return address;
}

function ourCallback(): unknown {
  if (callback !== undefined) return callback;
  const { proto, pointer, register } = koffi();
  // A type without a name: the library may be in the process twice, and koffi is there once.
  callback = register(told, pointer(proto('void', ['uintptr_t', 'int', 'int'])));
  if (!workerThreads().isMainThread) process.once('exit', giveCallbackBack);
  return callback;
}

function giveCallbackBack(): void {
  ended = true;
  const { uv } = thread();
  for (const handle of handles.keys()) uv.pollStop(handle);
  koffi().unregister(callback);
}

function told(address: number, status: number, events: number): void {
  handles.get(address)?.told(status < 0 ? -1 : events);
}

/**
 * A descriptor that Node's own loop polls, without keeping the process alive.
 *
 *            listen(events)            close()
 *   idle ◀──────────────────▶ polled ──────────▶ closed; its memory goes when libuv has let go
 *            listen(0)
 *
 * The receiver is called by libuv itself, in the poll phase, outside of what Node wraps around
 * callbacks: it may ask for an immediate and must not throw.
 */
export class PollHandle {
  /** Called with what is the case, again in each poll phase; with -1 on failure, which ends it. */
  readonly told: (events: number) => void;
  readonly #handle: number;

  /**
   * @param fd - open until {@link close}; libuv has it not block from now on
   * @throws {OSError} EPERM for a regular file, EEXIST where Node polls it already, EBADF
   */
  constructor(fd: number, told: (events: number) => void) {
    this.told = told;
    // Before there is a handle: koffi may have none left.
    ourCallback();
    this.#handle = openHandle(fd);
    handles.set(this.#handle, this);
  }

  /** Polls for these from now on; 0: for nothing. */
  listen(events: number): void {
    const { uv } = thread();
    const status =
      events === 0 || ended
        ? uv.pollStop(this.#handle)
        : uv.pollStart(this.#handle, events, callback);
    if (status < 0) throw failure(status, 'uv_poll_start');
  }

  /** Ends it; the descriptor may be closed as soon as this returns. */
  close(): void {
    const { uv, isolate, functions } = thread();
    if (!handles.delete(this.#handle)) return;
    uv.removeCleanupHook(isolate, functions.pollStop, this.#handle);
    // C's free() itself is the callback: the last thing that libuv does with a handle.
    uv.close(this.#handle, functions.free);
  }
}

/**
 * A handle that polls nothing yet, and is no affair of libuv's.
 *
 * @throws {OSError} EPERM for a regular file, EEXIST where Node polls it already, EBADF
 */
function openHandle(fd: number): number {
  const { uv, loop, size, isolate, functions } = thread();
  const handle = uv.calloc(1, size);
  const flagsAt = handle + FLAGS_AT;
  // A thread that is terminated stops at the next function of JavaScript, and libuv aborts the
  // process over a handle that it finds then and that is not internal: so none is called here.
  const status = uv.pollInit(loop, handle, fd);
  if (status >= 0) {
    uv.copyOut(flagsBefore, flagsAt, 4);
    uv.copyIn(flagsAt, internalFlags, 4);
  }
  if (status < 0) {
    uv.free(handle);
    throw failure(status, 'uv_poll_init');
  }
  if (flagsBefore.readUInt32LE(0) !== FLAG_REF) {
    uv.copyIn(flagsAt, flagsBefore, 4);
    uv.close(handle, functions.free);
    throw new Error('libuv has its flags elsewhere');
  }
  uv.addCleanupHook(isolate, functions.pollStop, handle);
  return handle;
}

/** No value of a lock of C's. */
const NOT_READABLE = 7;

/**
 * Calls `look` in each turn of Node's loop in which `fd` is readable, after the poll phase, for as long
 * as the thread lives.
 *
 * No callback of koffi's is needed: what libuv calls is a function of C. `pthread_spin_init()` does
 * nothing but write into the int at its first argument, which is the handle, and begins with a field
 * that libuv leaves to its users.
 *
 * @throws {OSError} as {@link PollHandle}
 */
export function lookWhenReadable(fd: number, look: () => void): void {
  const { uv } = thread();
  const note = symbol(uv, 'pthread_spin_init');
  const handle = openHandle(fd);
  let noted: Int32Array | undefined;
  try {
    noted = new Int32Array(koffi().view(handle, 4));
    noted[0] = NOT_READABLE;
  } catch {
    // Where memory of C's cannot be shown to JavaScript, as in Electron, each turn looks.
  }
  uv.pollStartInC(handle, UV_READABLE, note);
  lookInEachTurn(() => {
    if (noted !== undefined) {
      if (noted[0] === NOT_READABLE) return;
      noted[0] = NOT_READABLE;
    }
    look();
  });
}

/**
 * Has the descriptor closed when this thread ends, in whatever way. The end of the process closes
 * everything anyway, so in the main thread this does nothing.
 */
export function closeAtThreadEnd(fd: number): void {
  if (workerThreads().isMainThread || closedAtEnd.has(fd)) return;
  const { uv, isolate, functions } = thread();
  closedAtEnd.add(fd);
  uv.addCleanupHook(isolate, functions.close, fd);
}

/** Leaves the descriptor to its new owner. */
export function keepAtThreadEnd(fd: number): void {
  if (!closedAtEnd.delete(fd)) return;
  const { uv, isolate, functions } = thread();
  uv.removeCleanupHook(isolate, functions.close, fd);
}

function failure(status: number, syscall: string): OSError {
  return osError(status, syscall);
}
