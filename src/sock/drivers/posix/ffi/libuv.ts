import { Buffer } from 'node:buffer';
import { lookInEachTurn } from '../../../../base/check-phase.ts';
import { type OSError, osError } from '../../../../base/errors/os-errors.ts';
import { workerThreads } from '../../../../base/node-modules.ts';
import { kernel } from './kernel.ts';
import { bindAll, koffi } from './koffi.ts';

/**
 * Node's own libuv, used to poll descriptors. Pointers are numbers here.
 *
 * Memory that libuv keeps is allocated by C: if it were a buffer that V8 collects, libuv would
 * write to memory that has been reused.
 *
 * When a Node thread is terminated, none of our code runs. So hooks in C stop and close what it has
 * open, and our handles are marked as internal ones of libuv: otherwise libuv would abort the
 * process over a handle that is left.
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
  /** The same with the address of a C function as callback. */
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

/** Events of `uv_poll_t`: readable, writable. */
export const UV_READABLE = 1;
export const UV_WRITABLE = 2;

const UV_POLL = 8;

/** Offset of `uv_handle_t.flags`: the same place and bits in all of libuv 1.x. */
const FLAGS_AT = 88;
const FLAG_REF = 0x8;
const FLAG_INTERNAL = 0x10;

/** The flags of a new handle as libuv set them. */
const flagsBefore = Buffer.alloc(4);
/** The flags it gets: internal, so that it keeps nothing alive. */
const internalFlags = Buffer.from(new Uint32Array([FLAG_INTERNAL]).buffer);

/** Constant for the lifetime of the thread. */
interface Thread {
  readonly uv: Libuv;
  readonly isolate: number;
  readonly loop: number;
  readonly size: number;
  /** Addresses of C functions, for C to call. */
  readonly functions: { readonly free: number; readonly close: number; readonly pollStop: number };
}

let thisThread: Thread | undefined;

/**
 * One callback for all {@link PollHandle}s. A process has 8,192 callbacks for all threads, and
 * koffi does not free one when its thread ends.
 */
let callback: unknown;

/** Has the thread ended? */
let ended = false;

/** The handles, by address. */
const handles = new Map<number, PollHandle>();

/** Descriptors that a hook closes when the thread ends. */
const closedAtEnd = new Set<number>();

/**
 * Loads what is needed of libuv.
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

/** The address of a C function. */
function symbol(uv: Libuv, name: string): number {
  const address = uv.dlsym(kernel.rtldDefault, name);
  if (address === 0) throw new Error(`this Node has no ${name}`);
  return address;
}

function ourCallback(): unknown {
  if (callback !== undefined) return callback;
  const { proto, pointer, register } = koffi();
  // Anonymous, because koffi has its types once per process, but this library may be loaded twice.
  callback = register(polled, pointer(proto('void', ['uintptr_t', 'int', 'int'])));
  if (!workerThreads().isMainThread) process.once('exit', giveCallbackBack);
  return callback;
}

function giveCallbackBack(): void {
  ended = true;
  const { uv } = thread();
  for (const handle of handles.keys()) uv.pollStop(handle);
  koffi().unregister(callback);
}

function polled(address: number, status: number, events: number): void {
  handles.get(address)?.onEvents(status < 0 ? -1 : events);
}

/**
 * A descriptor polled by Node's own loop. Does not keep the process alive.
 *
 *            listen(events)            close()
 *   idle ◀──────────────────▶ polled ──────────▶ closed; libuv then frees its memory
 *            listen(0)
 *
 * libuv itself calls the receiver, in the poll phase and without Node's usual wrapping of
 * callbacks: it may request an immediate, and must not throw.
 */
export class PollHandle {
  /** Called with the events in each poll phase; with -1 on failure, which stops it. */
  readonly onEvents: (events: number) => void;
  readonly #handle: number;

  /**
   * @param fd - open until {@link close}; libuv makes it non-blocking
   * @throws {OSError} EPERM for a regular file, EEXIST if Node already polls it, EBADF
   */
  constructor(fd: number, onEvents: (events: number) => void) {
    this.onEvents = onEvents;
    // Before there is a handle, because koffi may have no callback left.
    ourCallback();
    this.#handle = openHandle(fd);
    handles.set(this.#handle, this);
  }

  /** Sets the events to poll for; 0 for none. */
  listen(events: number): void {
    const { uv } = thread();
    const status =
      events === 0 || ended
        ? uv.pollStop(this.#handle)
        : uv.pollStart(this.#handle, events, callback);
    if (status < 0) throw failure(status, 'uv_poll_start');
  }

  /** Stops polling. The descriptor may be closed once this returns. */
  close(): void {
    const { uv, isolate, functions } = thread();
    if (!handles.delete(this.#handle)) return;
    uv.removeCleanupHook(isolate, functions.pollStop, this.#handle);
    // C's free() is the callback: the last thing that libuv does with a handle.
    uv.close(this.#handle, functions.free);
  }
}

/**
 * Creates a handle that polls nothing yet, and is internal.
 *
 * @throws {OSError} EPERM for a regular file, EEXIST if Node already polls it, EBADF
 */
function openHandle(fd: number): number {
  const { uv, loop, size, isolate, functions } = thread();
  const handle = uv.calloc(1, size);
  const flagsAt = handle + FLAGS_AT;
  // A terminated thread stops at the next JavaScript function call. If a handle existed that is not
  // marked as internal, libuv would abort the process. So no function is called in between.
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
    throw new Error('the flags of a libuv handle are not where they should be');
  }
  uv.addCleanupHook(isolate, functions.pollStop, handle);
  return handle;
}

/** Not a value that a C spin lock can have. */
const NOT_READABLE = 7;

/**
 * Calls `look` after the poll phase in each turn of Node's loop in which `fd` is readable, for the
 * life of the thread.
 *
 * This needs no koffi callback, because libuv calls a C function: `pthread_spin_init()`, which only
 * writes an int to its first argument. That is the handle, whose first field libuv leaves to its
 * users.
 *
 * @throws {OSError} like {@link PollHandle}
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
    // If JavaScript cannot access C's memory, as in Electron, look in each turn.
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
 * Closes the descriptor when this thread ends, for whatever reason. In the main thread this does
 * nothing, because the end of the process closes everything.
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
