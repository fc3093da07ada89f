import { OSError, osError } from '../base/os-errors.ts';
import { repr } from '../base/repr.ts';
import { Coroutine } from '../core/coroutine.ts';
import { Future } from '../core/future.ts';
import type { LoopCore } from '../core/loop-core.ts';
import type { Address } from '../sock/address.ts';
import { SOCK_STREAM } from '../sock/constants.ts';
import { driverNamed } from '../sock/drivers/registry.ts';
import { Socket } from '../sock/socket.ts';
import { SocketTransport } from './socket-transport.ts';
import type { ProtocolCallbacks, Transport } from './transport.ts';

/** What can be said of a connection that is to be made. */
export interface ConnectionOptions {
  /** Only addresses of this family: AF_INET, AF_INET6; by default both. */
  readonly family?: number | undefined;
  /** Only addresses of this protocol; by default any. */
  readonly proto?: number | undefined;
  /** For the look-up of the host: AI_NUMERICHOST, … */
  readonly flags?: number | undefined;
  /** A connected stream socket to use, in place of a host and a port. The transport closes it. */
  readonly sock?: Socket | undefined;
  /** Where to connect from. */
  readonly localAddr?: readonly [host: string, port: number] | undefined;
}

/** One way to reach a host. */
type Way = readonly [family: number, type: number, proto: number, name: string, address: Address];

/** What connecting needs of a loop. */
export interface ConnectingLoop extends LoopCore {
  getaddrinfo(
    host: string | undefined,
    port: number | string | undefined,
    options: { family: number; type: number; proto: number; flags: number },
  ): PromiseLike<readonly Way[]>;
  sockConnect(sock: Socket, address: Address): PromiseLike<void>;
}

/** `loop.createConnection()`, which documents it. */
export function createConnection<P extends ProtocolCallbacks>(
  loop: ConnectingLoop,
  protocolFactory: () => P,
  host: string | undefined,
  port: number | string | undefined,
  options: ConnectionOptions,
): Coroutine<[transport: Transport, protocol: P]> {
  const connect = async (): Promise<[Transport, P]> => {
    refuseTls(options);
    const given = givenSocket(host, port, options.sock);
    const sock = given ?? (await connectToHost(loop, host, port, options));
    const made = new Future<void>(loop._asOption);
    let protocol: P;
    let transport: Transport;
    try {
      sock.setblocking(false);
      protocol = protocolFactory();
      transport = new SocketTransport(loop, sock, protocol, made);
    } catch (error) {
      if (given === undefined) sock.close();
      throw error;
    }
    try {
      await made;
    } catch (error) {
      transport.close();
      throw error;
    }
    return [transport, protocol];
  };
  return new Coroutine(connect, 'Loop.createConnection', undefined);
}

/** The socket that was given, if one is to be used, and can be. */
function givenSocket(
  host: string | undefined,
  port: number | string | undefined,
  sock: Socket | undefined,
): Socket | undefined {
  if (host !== undefined || port !== undefined) {
    if (sock === undefined) return undefined;
    throw new RangeError('host/port and sock can not be specified at the same time');
  }
  if (sock === undefined)
    throw new RangeError('host and port was not specified and no sock specified');
  if (!(sock instanceof Socket)) throw new TypeError(`sock must be a Socket, got ${repr(sock)}`);
  if (sock.type !== SOCK_STREAM) throw new RangeError(`A Stream Socket was expected, got ${sock}`);
  return sock;
}

/** Looks the host up, and tries its addresses in order until one connects. */
async function connectToHost(
  loop: ConnectingLoop,
  host: string | undefined,
  port: number | string | undefined,
  { family = 0, proto = 0, flags = 0, localAddr }: ConnectionOptions,
): Promise<Socket> {
  const lookUp = async (name?: string, service?: number | string): Promise<readonly Way[]> => {
    const ways = await loop.getaddrinfo(name, service, { family, type: SOCK_STREAM, proto, flags });
    if (ways.length === 0) throw new OSError('getaddrinfo() returned empty list');
    return ways;
  };
  const ways = await lookUp(host, port);
  const from = localAddr && (await lookUp(...localAddr));
  const failures: Error[] = [];
  for (const way of ways) {
    const sock = await connectSocket(loop, way, from, failures);
    if (sock !== undefined) return sock;
  }
  throw oneFor(failures);
}

/** Connects one socket; `undefined`: it failed, and `failures` has all that went wrong. */
async function connectSocket(
  loop: ConnectingLoop,
  [family, type, proto, , address]: Way,
  from: readonly Way[] | undefined,
  failures: Error[],
): Promise<Socket | undefined> {
  let sock: Socket | undefined;
  try {
    sock = Socket._of(driverNamed().open(family, type, proto));
    sock.setblocking(false);
    if (from !== undefined) bindToOne(sock, from, failures);
    await loop.sockConnect(sock, address);
    return sock;
  } catch (error) {
    sock?.close();
    if (!(error instanceof OSError)) throw error;
    failures.push(error);
    return undefined;
  }
}

/** Binds to the first local address that will do; each that will not is a failure. */
function bindToOne(sock: Socket, from: readonly Way[], failures: Error[]): void {
  const own = from.filter(([family]) => family === sock.family);
  let last: OSError | undefined;
  for (const [, , , , address] of own) {
    if (last !== undefined) failures.push(last);
    try {
      sock.bind(address);
      return;
    } catch (error) {
      if (!(error instanceof OSError)) throw error;
      last = bindError(error, address);
    }
  }
  throw last ?? new OSError(`no matching local address with family=${sock.family} found`);
}

function bindError(error: OSError, address: Address): OSError {
  const why = (error.strerror ?? error.message).toLowerCase();
  const strerror = `error while attempting to bind on address ${repr(address)}: ${why}`;
  return error.code === undefined
    ? new OSError(strerror)
    : osError(error.code, error.syscall, { strerror });
}

/** The one error to be thrown for all that went wrong. */
function oneFor(failures: readonly Error[]): Error {
  const [first, ...others] = failures as [Error, ...Error[]];
  if (others.every(({ message }) => message === first.message)) return first;
  return new OSError(`Multiple exceptions: ${failures.map(({ message }) => message).join(', ')}`);
}

/** Bytes that somebody wants encrypted must not go out in the clear. */
function refuseTls(options: ConnectionOptions): void {
  if ((options as { ssl?: unknown }).ssl)
    throw new RangeError('createConnection(): ssl is not supported yet');
}
