import { OSError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { log } from '../../base/log/log.ts';
import { checkTimeout, checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { type Abortable, untilAborted } from '../../core/coroutines/abort-signals.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import { SOCK_STREAM } from '../../sock/constants/constants.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import { Socket } from '../../sock/socket.ts';
import { ExceptionGroup } from '../../tasks/groups/exception-group.ts';
import { bindError } from '../addresses/bind-error.ts';
import { checkHostPort } from '../addresses/check-host-port.ts';
import { lookUp, type ResolvedAddress, type ResolvingLoop } from '../addresses/host-lookup.ts';
import { checkFactory } from '../protocols.ts';
import {
  type Encryption,
  encryptionOfServer,
  encryptionToHost,
  newTransport,
  TLS_CLIENT,
  type TlsClientOptions,
  type TlsServerOptions,
} from '../tls/options.ts';
import type { ProtocolCallbacks, Transport } from '../transport.ts';
import { openTransport } from './open-transport.ts';
import { type RacingLoop, staggeredRace } from './staggered-race.ts';

/** Options for a connection. */
export interface ConnectionOptions extends TlsClientOptions, Abortable {
  /** Only addresses of this family: AF_INET, AF_INET6; by default both. */
  readonly family?: number | undefined;
  /** Only addresses of this protocol; by default any. */
  readonly proto?: number | undefined;
  /** For the look-up of the host: AI_NUMERICHOST, … */
  readonly flags?: number | undefined;
  /** A connected stream socket to use instead of a host and a port. The transport closes it. */
  readonly sock?: Socket | undefined;
  /** The local address to connect from. */
  readonly localAddr?:
    | readonly [host: string, port: number, flowinfo?: number, scopeid?: number]
    | undefined;
  /**
   * How many seconds to wait for an address of the host before trying the next one concurrently;
   * the first that answers wins ("happy eyeballs", RFC 8305, which recommends 0.25). By default the
   * next address is tried when one has failed.
   */
  readonly happyEyeballsDelay?: number | undefined;
  /**
   * How many addresses of the first family to try before the families alternate; 0 keeps the order
   * of the look-up. By default 1 with `happyEyeballsDelay`, else 0.
   */
  readonly interleave?: number | undefined;
  /** Throw an ExceptionGroup of all failures, instead of one error that lists them? */
  readonly allErrors?: boolean | undefined;
}

/** What connecting needs from a loop. */
export interface ConnectingLoop extends ResolvingLoop, RacingLoop {
  sockConnect(sock: Socket, address: Address): PromiseLike<void>;
}

/** The names of {@link ConnectionOptions}. */
export const CONNECTION: string = `${TLS_CLIENT} signal abandon family proto flags sock localAddr happyEyeballsDelay interleave allErrors`;

/** `loop.createConnection()`, which documents it. */
export function createConnection<P extends ProtocolCallbacks>(
  loop: ConnectingLoop,
  protocolFactory: () => P,
  host: string | undefined,
  port: number | string | undefined,
  options: ConnectionOptions,
): Coroutine<[transport: Transport, protocol: P]> {
  checkHostPort('createConnection(protocolFactory, host, port, options)', host, port);
  const connect = async (): Promise<[Transport, P]> => {
    checkFactory(protocolFactory);
    checkRace(options);
    const encryption = encryptionToHost(options, host);
    const given = givenSocket(host, port, options.sock);
    const sock = given ?? (await connectToHost(loop, host, port, options));
    const made = await connectionOn(loop, sock, protocolFactory, given === undefined, encryption);
    if (loop.getDebug()) log(`${sock} connected to ${host}:${port}: ${made[0]}`, 'debug');
    return made;
  };
  return new Coroutine(
    untilAborted(options, connect, CONNECTION),
    'Loop.createConnection',
    undefined,
  );
}

/** Checks the options for trying several addresses. */
function checkRace({ happyEyeballsDelay, interleave = 0 }: ConnectionOptions): void {
  checkTimeout(happyEyeballsDelay, 'happyEyeballsDelay');
  checkWhole(interleave, 0, Number.MAX_SAFE_INTEGER, 'interleave');
}

/** `loop.connectAcceptedSocket()`, which documents it. */
export function connectAcceptedSocket<P extends ProtocolCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  sock: Socket,
  options: TlsServerOptions,
): Coroutine<[transport: Transport, protocol: P]> {
  const connect = async (): Promise<[Transport, P]> => {
    checkFactory(protocolFactory);
    const encryption = encryptionOfServer(options);
    checkStreamSocket(sock);
    return await connectionOn(loop, sock, protocolFactory, false, encryption);
  };
  return new Coroutine(connect, 'Loop.connectAcceptedSocket', undefined);
}

/**
 * Creates a transport on a connected socket, and waits until its protocol has been called.
 *
 * @param isOurs - should the socket be closed on failure?
 */
export function connectionOn<P extends ProtocolCallbacks>(
  loop: LoopCore,
  sock: Socket,
  protocolFactory: () => P,
  isOurs: boolean,
  encryption: Encryption,
): Promise<[Transport, P]> {
  return openTransport(loop, sock, protocolFactory, isOurs, (protocol, made) =>
    newTransport(loop, sock, protocol, encryption, { made }),
  );
}

/** Checks and returns the socket in the options, if there is one. */
function givenSocket(
  host: string | undefined,
  port: number | string | undefined,
  sock: Socket | undefined,
): Socket | undefined {
  if (host !== undefined || port !== undefined) {
    if (sock === undefined) return undefined;
    throw rangeError('host/port and sock can not be specified at the same time');
  }
  if (sock === undefined) throw rangeError('host and port was not specified and no sock specified');
  checkStreamSocket(sock);
  return sock;
}

/**
 * @throws {TypeError} when `sock` is not a socket
 * @throws {RangeError} when it is not a stream socket
 */
export function checkStreamSocket(sock: unknown): asserts sock is Socket {
  if (!(sock instanceof Socket)) throw typeError(`sock must be a Socket, got ${brief(sock)}`);
  if (sock.type !== SOCK_STREAM) throw rangeError(`A Stream Socket was expected, got ${sock}`);
}

/** Looks up the host, and tries its addresses until one connects. */
async function connectToHost(
  loop: ConnectingLoop,
  host: string | undefined,
  port: number | string | undefined,
  options: ConnectionOptions,
): Promise<Socket> {
  const { family = 0, proto = 0, flags = 0, localAddr, happyEyeballsDelay: delay } = options;
  const { interleave = delay === undefined ? 0 : 1 } = options;
  const asked = { family, type: SOCK_STREAM, proto, flags };
  const found = lookUp(loop, host, port, asked);
  const infos = interleaved(Array.isArray(found) ? found : await found, interleave);
  const [ownHost, ownPort, ...scope] = localAddr ?? [];
  const from = localAddr && (await lookUp(loop, ownHost, ownPort, asked, undefined, scope));
  const failures: Error[] = [];
  if (delay === undefined)
    for (const info of infos) {
      const sock = await connectSocket(loop, info, from, failures);
      if (sock !== undefined) return sock;
    }
  else {
    const attempts = infos.map((info) => () => connectSocket(loop, info, from, failures));
    const sock = await staggeredRace(loop, attempts, delay, (late) => late.close());
    if (sock !== undefined) return sock;
  }
  if (options.allErrors) throw new ExceptionGroup('create_connection failed', failures);
  throw oneFor(failures);
}

/**
 * Alternates the families, with `first` addresses of the first family at the front; 0 keeps the
 * order.
 */
export function interleaved(
  infos: readonly ResolvedAddress[],
  first: number,
): readonly ResolvedAddress[] {
  if (first <= 0) return infos;
  const families = new Map<number, ResolvedAddress[]>();
  for (const info of infos) families.set(info[0], [...(families.get(info[0]) ?? []), info]);
  const lists = [...families.values()];
  const ordered = lists[0]?.splice(0, first - 1) ?? [];
  while (lists.some((list) => list.length > 0))
    for (const list of lists) ordered.push(...list.splice(0, 1));
  return ordered;
}

/** Connects one socket. Returns `undefined` if that fails, with the errors in `failures`. */
async function connectSocket(
  loop: ConnectingLoop,
  { 0: family, 1: type, 2: proto, 4: address }: ResolvedAddress,
  from: readonly ResolvedAddress[] | undefined,
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
    try {
      sock?.close();
    } catch {
      // The first error matters more.
    }
    if (!isA(error, OSError)) throw error;
    failures.push(error);
    return undefined;
  }
}

/** Binds to the first local address that works; errors are added to the failures. */
function bindToOne(sock: Socket, from: readonly ResolvedAddress[], failures: Error[]): void {
  const own = from.filter(([family]) => family === sock.family);
  let last: OSError | undefined;
  for (const [, , , , address] of own) {
    if (last !== undefined) failures.push(last);
    try {
      sock.bind(address);
      return;
    } catch (error) {
      if (!isA(error, OSError)) throw error;
      last = bindError(error, address);
    }
  }
  throw last ?? new OSError(`no matching local address with family=${sock.family} found`);
}

/** The error to throw for all failures. */
function oneFor(failures: readonly Error[]): Error {
  const [first, ...others] = failures as [Error, ...Error[]];
  if (others.every(({ message }) => message === first.message)) return first;
  return new OSError(`Multiple exceptions: ${failures.map(({ message }) => message).join(', ')}`);
}
