import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket as NetSocket } from 'node:net';
import { InternalError } from '../../../base/errors/errors.ts';
import { osError } from '../../../base/errors/os-errors.ts';
import { dgram, lazily, net } from '../../../base/node-modules.ts';
import { hasDescriptor, noteFailure } from '../../endpoint/descriptor-limit.ts';

/**
 * The one file that knows how Node is made inside.
 *
 * `node:net` reports the outcome of bind, listen and connect a tick late, and as an event. The
 * handles below it answer at once, as the kernel does: each call gives an errno, negative, or 0.
 * No module exports their classes, so they are taken from sockets that Node makes for us. Seen to
 * work on Node 20, 22, 24 and 26; what is not found where it should be is an error with a clear
 * text at the first socket, not a wrong behaviour later.
 *
 * A handle is a root of the garbage collection until it is closed, and it remembers the async
 * context that it was made in. So handles are made {@link outside} of every context: one made in
 * a task would keep the task, and all that it refers to, alive.
 */

/** What the handles of streams and listeners have in common. */
export interface StreamHandle {
  /** The descriptor; -1 as long as there is none. Absent on Windows. */
  readonly fd?: number;
  /** Bytes given to write that the kernel has not taken. */
  readonly writeQueueSize: number;
  onconnection: ((status: number, client: StreamHandle | undefined) => void) | undefined;
  bind(address: string, port?: number, flags?: number): number;
  listen(backlog: number): number;
  readStart(): number;
  readStop(): number;
  shutdown(request: StatusRequest): number;
  writeBuffer(request: StatusRequest | null, data: Uint8Array): number | StatusRequest;
  unref(): void;
  ref(): void;
  close(closed?: () => void): void;
}

/** A TCP socket. */
export interface TcpHandle extends StreamHandle {
  bind6(address: string, port: number, flags: number): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  getsockname(out: HandleAddress): number;
  getpeername(out: HandleAddress): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, delaySeconds: number): number;
  /** Closes with a reset. */
  reset(closed?: () => void): number;
}

/** A socket of AF_UNIX, or a named pipe. */
export interface PipeHandle extends StreamHandle {
  /** Returns nothing on Node 20: the request reports failures. */
  connect(request: ConnectRequest, path: string): number | undefined;
  /** Takes a descriptor over. */
  open(fd: number): number | undefined;
}

/** A socket of UDP. */
export interface UdpHandle {
  readonly fd?: number;
  onmessage:
    | ((nread: number, handle: UdpHandle, data: Buffer | undefined, from: HandleAddress) => void)
    | undefined;
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  connect(address: string, port: number): number;
  connect6(address: string, port: number): number;
  disconnect(): number;
  /** Bytes sent plus 1; 0: they had to wait, and the request reports; negative: errno. */
  send(request: SendRequest, list: Uint8Array[], count: number, ...rest: unknown[]): number;
  send6(request: SendRequest, list: Uint8Array[], count: number, ...rest: unknown[]): number;
  recvStart(): number;
  recvStop(): number;
  getsockname(out: HandleAddress): number;
  getpeername(out: HandleAddress): number;
  setBroadcast(on: number): number;
  setTTL(hops: number): number;
  setMulticastTTL(hops: number): number;
  setMulticastLoopback(on: number): number;
  addMembership(group: string, through?: string): number;
  dropMembership(group: string, through?: string): number;
  bufferSize(size: number, receive: boolean, context: object): number | undefined;
  unref(): void;
  close(closed?: () => void): void;
}

/** What getsockname() and getpeername() fill in. */
export interface HandleAddress {
  address?: string;
  port?: number;
  family?: string;
}

/** A write or a shutdown under way. */
export interface StatusRequest {
  oncomplete: ((this: StatusRequest, status: number) => void) | undefined;
  /** Node 26: the outcome, where it was there before `oncomplete` could be set. */
  writeStatus?: number | null;
  /** Read by nobody: keeps the bytes that libuv still has to send from being collected. */
  buffer?: Uint8Array;
  getAsyncId(): number;
}

/** A connect under way. */
export interface ConnectRequest {
  oncomplete: ((status: number) => void) | undefined;
}

/** A datagram under way. */
export interface SendRequest {
  /** Read by nobody: keeps the bytes that libuv still has to send from being collected. */
  list?: Uint8Array[];
  oncomplete: ((status: number, bytes: number) => void) | undefined;
}

/** The classes behind streams. */
export interface StreamClasses {
  readonly tcp: new (kind: number) => TcpHandle;
  readonly pipe: new (kind: number) => PipeHandle;
  readonly tcpConnect: new () => ConnectRequest;
  readonly pipeConnect: new () => ConnectRequest;
  readonly shutdown: new () => StatusRequest;
  /** `undefined` from Node 26 on, where a handle makes the request itself when it needs one. */
  readonly write: (new () => StatusRequest) | undefined;
}

/** The classes behind datagrams. */
export interface DatagramClasses {
  readonly udp: new () => UdpHandle;
  readonly send: new () => SendRequest;
}

/** The kind of handle that Node gives to plain sockets; listening and connecting both work. */
export const SOCKET_KIND = 0;

/** The flag of bind6() for a socket that takes no IPv4 connections. */
export const IPV6_ONLY = 1;

/** The flag of TCP's bind() for SO_REUSEPORT. */
export const TCP_REUSE_PORT = 2;

/** The flag of UDP's bind() for SO_REUSEADDR. */
export const UDP_REUSE_ADDRESS = 4;

/** The flag of UDP's bind() for SO_REUSEPORT. */
export const UDP_REUSE_PORT = 8;

/** Has this Node the flags for SO_REUSEPORT? From 22.12 and 23.1 on; before, they are not heeded. */
export const hasReusePort: boolean = since(23, 1) || (since(22, 12) && !since(23, 0));

function since(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = process.versions.node.split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/** Calls a function in the async context of this module's loading: in nobody's. */
export const outside: <Arguments extends unknown[], Result>(
  call: (...args: Arguments) => Result,
  ...args: Arguments
) => Result = AsyncLocalStorage.snapshot();

let streams: StreamClasses | undefined;
let datagrams: DatagramClasses | undefined;

/** @throws {InternalError} when this Node is made differently */
export function streamClasses(): StreamClasses {
  streams ??= outside(findStreamClasses);
  return streams;
}

/** @throws {InternalError} when this Node is made differently */
export function datagramClasses(): DatagramClasses {
  datagrams ??= outside(findDatagramClasses);
  return datagrams;
}

/** A net.Socket, as far as it is made of a handle. */
interface HandleOwner {
  readonly _handle?: object | null;
  _write(data: Uint8Array, encoding: string, done: () => void): void;
  _final(done: () => void): void;
}

function findStreamClasses(): StreamClasses {
  const tcp = handleClass<TcpHandle>('TCP', (probe) => {
    // Only a tick later would it really connect, and by then it is destroyed.
    probe.connect(1, '127.0.0.1');
  });
  const pipe = handleClass<PipeHandle>('Pipe', (probe) => {
    // Nobody can listen there: /dev/null is no directory.
    probe.connect('/dev/null/asyncio-ts');
  });
  let write: StreamClasses['write'] | null = null;
  requestClass(new tcp(SOCKET_KIND), ['writeBuffer'], (probe, caught) => {
    (probe as unknown as HandleOwner)._write(Buffer.alloc(1), 'buffer', () => {});
    write = caught() as StreamClasses['write'];
  });
  return {
    tcp,
    pipe,
    write: write ?? undefined,
    tcpConnect: needed(
      'TCPConnectWrap',
      requestClass(new tcp(SOCKET_KIND), ['connect'], (probe) => {
        probe.connect({
          port: 1,
          host: 'asyncio-ts.invalid',
          autoSelectFamily: false,
          lookup: (_name, _options, found) => found(null, '127.0.0.1', 4),
        });
      }),
    ),
    pipeConnect: needed(
      'PipeConnectWrap',
      requestClass(new pipe(SOCKET_KIND), ['connect'], (probe) => {
        probe.connect('/dev/null/asyncio-ts');
      }),
    ),
    shutdown: needed(
      'ShutdownWrap',
      requestClass(new tcp(SOCKET_KIND), ['shutdown'], (probe) => {
        (probe as unknown as HandleOwner)._final(() => {});
      }),
    ),
  };
}

function handleClass<Handle>(
  name: string,
  start: (probe: NetSocket) => void,
): new (
  kind: number,
) => Handle {
  const probe = silent(new (net().Socket)());
  start(probe);
  const handle = (probe as unknown as HandleOwner)._handle;
  probe.destroy();
  return needed(name, handle?.constructor as (new (kind: number) => Handle) | undefined);
}

/** What the methods of a handle are called with first: an object of the class that we look for. */
function requestClass<Request>(
  handle: object,
  methods: readonly string[],
  start: (probe: NetSocket, caught: () => unknown) => void,
): (new () => Request) | undefined {
  let caught: unknown;
  for (const method of methods) {
    Object.defineProperty(handle, method, {
      configurable: true,
      value: (request: object | null) => {
        caught ??= request?.constructor;
        return 0;
      },
    });
  }
  const probe = silent(new (net().Socket)({ handle, manualStart: true } as object));
  start(probe, () => caught);
  for (const method of methods) Reflect.deleteProperty(handle, method);
  probe.destroy();
  return caught as (new () => Request) | undefined;
}

function findDatagramClasses(): DatagramClasses {
  const probe = dgram().createSocket({
    type: 'udp4',
    lookup: (_name, _options, found) => found(null, '127.0.0.1', 4),
  });
  probe.on('error', () => {});
  const state = Object.getOwnPropertySymbols(probe)
    .map(
      (symbol) => (probe as unknown as Record<symbol, { handle?: UdpHandle } | undefined>)[symbol],
    )
    .find((value) => value?.handle?.recvStart !== undefined);
  const handle = state?.handle;
  const udp = needed('UDP', handle?.constructor as (new () => UdpHandle) | undefined);
  let send: unknown;
  Object.defineProperty(handle, 'send', {
    configurable: true,
    value: (request: SendRequest) => {
      send = request.constructor;
      return 1;
    },
  });
  probe.bind(0);
  probe.send(Buffer.alloc(1), 9, '127.0.0.1');
  Reflect.deleteProperty(handle as object, 'send');
  probe.close();
  // To bind takes a descriptor, and nothing is sent without.
  if (send === undefined && !hasDescriptor()) throw noteFailure(osError('EMFILE', 'socket'));
  return { udp, send: needed('SendWrap', send as (new () => SendRequest) | undefined) };
}

function silent(probe: NetSocket): NetSocket {
  return probe.on('error', () => {});
}

function needed<Value>(name: string, value: Value | undefined): Value {
  if (typeof value === 'function') return value;
  throw new InternalError(
    `Node ${process.version} keeps its ${name} class elsewhere, so the node driver of asyncio-ts ` +
      'cannot make sockets. Please report it.',
  );
}

/** Takes the handle away from a Node stream, which is of no use any more. */
export function takeHandle(stream: object): StreamHandle {
  const owner = stream as { _handle?: StreamHandle | null };
  const handle = owner._handle;
  if (!handle) throw new InternalError(`a stream of Node ${process.version} has no handle`);
  owner._handle = null;
  // It began to read when it was made.
  handle.readStop();
  handle.unref();
  return handle;
}

/** The receiver of what {@link readHandle} reads. */
export interface StreamReaderOwner {
  /** `nread` bytes are at the start of `buffer`, until this returns; `false` stops the reading. */
  onBytes(nread: number, buffer: Buffer): boolean;
  onEnd(): void;
  onReadError(error: Error): void;
}

/**
 * Reads a handle.
 *
 * How much was read, and any error, is in an array inside Node that only `net.Socket`
 * sees. So a net.Socket is the reader, and everything else of it is cut off: it is not a stream, has
 * no events and never closes the handle.
 */
const streamReader = lazily(
  () =>
    class StreamReader extends net().Socket {
      readonly #owner: StreamReaderOwner;

      constructor(handle: StreamHandle, buffer: Buffer, owner: StreamReaderOwner) {
        super({
          handle,
          manualStart: true,
          onread: { buffer, callback: (nread: number, into: Buffer) => owner.onBytes(nread, into) },
        } as object);
        this.#owner = owner;
      }

      /** Node pushes `null` at the end of file. */
      override push(chunk: unknown): boolean {
        if (chunk === null) this.#owner.onEnd();
        return true;
      }

      /** After the end Node asks for more, which would end the stream a tick later. */
      override read(): null {
        return null;
      }

      /** Node destroys a stream whose reading failed. */
      override destroy(error?: Error): this {
        if (error !== undefined && this.#owner !== undefined) this.#owner.onReadError(error);
        return this;
      }
    },
);

/**
 * Makes a reader of a handle.
 *
 * @param buffer - filled before each call of `onBytes`
 */
export function readHandle(
  handle: StreamHandle,
  buffer: Buffer,
  owner: StreamReaderOwner,
): NetSocket {
  return new (streamReader())(handle, buffer, owner);
}
