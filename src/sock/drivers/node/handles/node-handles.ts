import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket as NetSocket } from 'node:net';
import { InternalError } from '../../../../base/errors/errors.ts';
import { osError } from '../../../../base/errors/os-errors.ts';
import { dgram, lazily, net } from '../../../../base/node-modules.ts';
import { otherRuntime } from '../../../../base/other-runtime.ts';
import { hasDescriptor, noteFailure } from '../../../endpoint/descriptor-limit.ts';
import { type BunHandle, CLASSES_OF_BUN } from './bun-handles.ts';
import type {
  DatagramClasses,
  PipeHandle,
  SendRequest,
  StreamClasses,
  StreamHandle,
  StreamReaderOwner,
  TcpHandle,
  UdpHandle,
} from './handle-types.ts';

/**
 * The only file that obtains Node's internal handles.
 *
 * `node:net` reports the outcome of bind, listen and connect one tick later, as an event. The
 * handles below it report it immediately, as the kernel does: each call returns 0 or a negative
 * errno. No module exports their classes, so they are taken from sockets that Node creates. This
 * works on Node 20, 22, 24 and 26. If something is missing, the first socket fails with a clear
 * error, rather than misbehave later.
 *
 * A handle is a root for the garbage collector until it is closed, and it keeps the async context
 * in which it was created. So handles are created {@link outside} every context: one created in a
 * task would keep alive the task and all that it refers to.
 */

/** The kind of handle that Node uses for plain sockets; it can both listen and connect. */
export const SOCKET_KIND = 0;

/** The flag of bind6() for a socket that does not accept IPv4. */
export const IPV6_ONLY = 1;

/** The flag of TCP's bind() for SO_REUSEPORT. */
export const TCP_REUSE_PORT = 2;

/** The flag of UDP's bind() for SO_REUSEADDR. */
export const UDP_REUSE_ADDRESS = 4;

/** The flag of UDP's bind() for SO_REUSEPORT. */
export const UDP_REUSE_PORT = 8;

/**
 * Does Node support the flags for SO_REUSEPORT? Since 22.12 and 23.1; earlier versions and Deno ignore them.
 */
export const hasReusePort: boolean =
  otherRuntime === undefined && (since(23, 1) || (since(22, 12) && !since(23, 0)));

function since(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = process.versions.node.split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/**
 * Calls a function in the async context in which this module was loaded, which belongs to no task.
 */
export const outside: <Arguments extends unknown[], Result>(
  call: (...args: Arguments) => Result,
  ...args: Arguments
) => Result = AsyncLocalStorage.snapshot();

let streams: StreamClasses | undefined;
let datagrams: DatagramClasses | undefined;

/** Calls `onConnection` for each connection that comes in at a handle. */
export function acceptWith(
  handle: StreamHandle,
  onConnection: NonNullable<StreamHandle['onconnection']>,
): void {
  handle.onconnection = onConnection;
  // Deno's handles do not create those of clients themselves.
  if (otherRuntime === 'Deno')
    binding(handle instanceof streamClasses().pipe ? 'pipe_wrap' : 'tcp_wrap').setupListenWrap(
      handle,
    );
}

/** @throws {InternalError} when Node's internals have changed */
export function streamClasses(): StreamClasses {
  streams ??= outside(findStreamClasses);
  return streams;
}

/** @throws {InternalError} when Node's internals have changed */
export function datagramClasses(): DatagramClasses {
  datagrams ??= outside(findDatagramClasses);
  return datagrams;
}

/** The parts of a net.Socket that expose its handle. */
interface HandleOwner {
  readonly _handle?: object | null;
  _write(data: Uint8Array, encoding: string, done: () => void): void;
  _final(done: () => void): void;
}

// biome-ignore lint/suspicious/noExplicitAny: each is another object of Deno's
function binding(name: string): any {
  // biome-ignore lint/suspicious/noExplicitAny: Node's declarations leave it out
  return (process as any).binding(name);
}

/** Deno has Node's handles; `process.binding()` returns their classes. */
function classesOfDeno(): StreamClasses {
  const { TCP: tcp, TCPConnectWrap: tcpConnect } = binding('tcp_wrap');
  const { Pipe: pipe, PipeConnectWrap: pipeConnect } = binding('pipe_wrap');
  const wraps = binding('stream_wrap');
  class Write extends wraps.WriteWrap {
    /** Deno's own throws. */
    getAsyncId(): number {
      return wraps.streamBaseState[wraps.kLastWriteWasAsync] ? 1 : -1;
    }
  }
  const write = Write as unknown as StreamClasses['write'];
  return { tcp, tcpConnect, pipe, pipeConnect, write, shutdown: wraps.ShutdownWrap };
}

function findStreamClasses(): StreamClasses {
  if (otherRuntime === 'Bun') return CLASSES_OF_BUN;
  if (otherRuntime === 'Deno') return classesOfDeno();
  const tcp = handleClass<TcpHandle>('TCP', (probe) => {
    // It would only connect one tick later; it is destroyed by then.
    probe.connect(1, '127.0.0.1');
  });
  const pipe = handleClass<PipeHandle>('Pipe', (probe) => {
    // Nothing can listen there: /dev/null is not a directory.
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

/** Finds the class of the request object that is the first argument of a handle's method. */
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
  // Deno has such handles, but they do not behave like Node's. Bun has none, and binds asynchronously.
  if (otherRuntime !== undefined)
    throw osError('EOPNOTSUPP', 'socket', {
      strerror: `UDP sockets need Node, and this is ${otherRuntime}`,
    });
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
  // Binding needs a descriptor, and nothing is sent without one.
  if (send === undefined && !hasDescriptor()) throw noteFailure(osError('EMFILE', 'socket'));
  return { udp, send: needed('SendWrap', send as (new () => SendRequest) | undefined) };
}

function silent(probe: NetSocket): NetSocket {
  return probe.on('error', () => {});
}

function needed<Value>(name: string, value: Value | undefined): Value {
  if (typeof value === 'function') return value;
  if (process.permission?.has('net') === false)
    throw osError('EACCES', 'socket', { strerror: 'Node denies the network without --allow-net' });
  throw new InternalError(
    `the node driver of asyncio-ts cannot find the ${name} class of Node ${process.version}. Please report it.`,
  );
}

/** Takes the handle away from a Node stream, which is unusable from then on. */
export function takeHandle(stream: object): StreamHandle {
  const owner = stream as { _handle?: StreamHandle | null };
  const handle = owner._handle;
  if (!handle) throw new InternalError(`a stream of Node ${process.version} has no handle`);
  owner._handle = null;
  // It started reading when it was created.
  handle.readStop();
  handle.unref();
  return handle;
}

/**
 * Reads a handle.
 *
 * How much was read, and any error, is in an array inside Node that only `net.Socket` sees. So a
 * net.Socket does the reading, with everything else cut off: it is not used as a stream, emits no
 * events and never closes the handle.
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

      /** After the end, Node asks for more, which would end the stream one tick later. */
      override read(): null {
        return null;
      }

      /** Node destroys a stream when reading fails. */
      override destroy(error?: Error): this {
        if (error !== undefined && this.#owner !== undefined) this.#owner.onReadError(error);
        return this;
      }
    },
);

/**
 * Creates a reader for a handle.
 *
 * @param buffer - filled before each call of `onBytes`
 */
export function readHandle(
  handle: StreamHandle,
  buffer: Buffer,
  owner: StreamReaderOwner,
): NetSocket | undefined {
  if (otherRuntime === 'Bun') {
    (handle as unknown as BunHandle).owner = owner;
    return undefined;
  }
  return new (streamReader())(handle, buffer, owner);
}
