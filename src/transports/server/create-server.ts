import { SERVER_BACKLOG } from '../../base/constants.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { log } from '../../base/log/log.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { checkSignal, onAbort } from '../../core/coroutines/abort-signals.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import {
  AF_INET6,
  AI_PASSIVE,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../sock/constants/constants.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import { Socket } from '../../sock/socket.ts';
import { bindError } from '../addresses/bind-error.ts';
import { checkHostsPort } from '../addresses/check-host-port.ts';
import { lookUp, type ResolvedAddress, type ResolvingLoop } from '../addresses/host-lookup.ts';
import { checkFactory } from '../protocols.ts';
import { checkUnused } from '../readiness-watch.ts';
import {
  type Encryption,
  encryptionOfServer,
  TLS_SERVER,
  type TlsServerOptions,
} from '../tls/options.ts';
import type { ProtocolCallbacks } from '../transport.ts';
import { type Demand, Server, type ServingLoop } from './server.ts';

/** The name of an internal option. */
export const DEMAND: unique symbol = Symbol('demand');

/** Options for any server. */
export interface ServingOptions extends TlsServerOptions {
  /** How many connections may wait to be accepted; by default 100. */
  readonly backlog?: number | undefined;
  /** Start accepting connections immediately? By default yes. */
  readonly startServing?: boolean | undefined;
  /**
   * The most concurrent connections; by default unlimited. Others wait to be accepted. Not in
   * asyncio.
   */
  readonly maxConnections?: number | undefined;
  /** Closes the server when aborted. If it is already aborted, its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** @internal requests connections one by one */
  readonly [DEMAND]?: Demand | undefined;
}

/** The names of {@link ServingOptions}, except `startServing`. */
export const SERVING: string = `${TLS_SERVER} backlog maxConnections signal`;
/** The names of {@link ServerOptions}, except `startServing`. */
export const SERVER: string = `${SERVING} family flags sock reuseAddress reusePort keepAlive`;

/** Options for a server. */
export interface ServerOptions extends ServingOptions {
  /** Only addresses of this family: AF_INET, AF_INET6; by default both. */
  readonly family?: number | undefined;
  /** Flags for looking up the hosts; by default AI_PASSIVE. */
  readonly flags?: number | undefined;
  /** A bound stream socket to use instead of hosts and a port. The server closes it. */
  readonly sock?: Socket | undefined;
  /** Allow binding a port that was in use a moment ago? By default yes. */
  readonly reuseAddress?: boolean | undefined;
  /** May other sockets with this option share the port? By default no. */
  readonly reusePort?: boolean | undefined;
  /** Send keep-alive probes on idle connections? By default no. */
  readonly keepAlive?: boolean | undefined;
}

/** One or several hosts to listen on; none or `''` for all interfaces. */
export type Hosts = string | readonly string[] | undefined;

/** What creating a server needs from a loop. */
export type BindingLoop = ResolvingLoop & ServingLoop;

/** `loop.createServer()`, which documents it. */
export function createServer(
  loop: BindingLoop,
  protocolFactory: () => ProtocolCallbacks,
  host: Hosts,
  port: number | string | undefined,
  options: ServerOptions,
): Coroutine<Server> {
  checkHostsPort('createServer(protocolFactory, host, port, options)', host, port);
  const create = async (): Promise<Server> => {
    const encryption = checkServing(protocolFactory, options);
    const sockets = await socketsFor(loop, host, port, options);
    return await serverOn(loop, sockets, protocolFactory, options, encryption);
  };
  return new Coroutine(create, 'Loop.createServer', undefined);
}

/** Checks the options before anything is bound; returns how to encrypt. */
export function checkServing(protocolFactory: unknown, options: ServingOptions): Encryption {
  const { backlog = SERVER_BACKLOG, maxConnections = Number.POSITIVE_INFINITY } = options;
  checkFactory(protocolFactory);
  checkWhole(backlog, 0, 0x7fffffff, 'backlog');
  checkWhole(maxConnections, 1, Number.POSITIVE_INFINITY, 'maxConnections');
  checkSignal(options.signal);
  options.signal?.throwIfAborted();
  return encryptionOfServer(options);
}

/** Creates a server on bound sockets, and starts it if requested. */
export async function serverOn(
  loop: ServingLoop,
  sockets: readonly Socket[],
  protocolFactory: () => ProtocolCallbacks,
  options: ServingOptions,
  encryption: Encryption,
  closed?: () => void,
): Promise<Server> {
  const {
    backlog = SERVER_BACKLOG,
    startServing = true,
    maxConnections = Number.POSITIVE_INFINITY,
  } = options;
  const { [DEMAND]: demand, signal } = options;
  for (const sock of sockets) sock.setblocking(false);
  const server = new Server(loop, {
    sockets,
    protocolFactory,
    backlog,
    maxConnections,
    encryption,
    demand,
    closed: () => {
      forget?.();
      closed?.();
    },
  });
  const forget = signal && onAbort(signal, () => server.close());
  try {
    signal?.throwIfAborted();
    if (startServing) await server._startServing();
    if (startServing && loop.getDebug()) log(`${server} is serving`, 'info');
  } catch (error) {
    server.close();
    throw error;
  }
  return server;
}

async function socketsFor(
  loop: BindingLoop,
  host: Hosts,
  port: number | string | undefined,
  options: ServerOptions,
): Promise<Socket[]> {
  const { sock } = options;
  if (host !== undefined || port !== undefined) {
    if (sock !== undefined)
      throw rangeError('host/port and sock can not be specified at the same time');
    return bindServers(loop, await infosOf(loop, host, port, options), options);
  }
  if (sock === undefined) throw rangeError('Neither host/port nor sock were specified');
  if (!(sock instanceof Socket)) throw typeError(`sock must be a Socket, got ${brief(sock)}`);
  if (sock.type !== SOCK_STREAM) throw rangeError(`A Stream Socket was expected, got ${sock}`);
  checkUnused(sock);
  return [sock];
}

/** All addresses of all hosts, without duplicates. */
async function infosOf(
  loop: BindingLoop,
  host: Hosts,
  port: number | string | undefined,
  { family = 0, flags = AI_PASSIVE }: ServerOptions,
): Promise<ResolvedAddress[]> {
  const hosts = typeof host === 'string' ? [host] : (host ?? [undefined]);
  const hints = { family, type: SOCK_STREAM, proto: 0, flags };
  const name = 'BaseEventLoop._create_server_getaddrinfo';
  const lookUps = hosts.map((each) =>
    loop.createTask(
      new Coroutine(
        async () => lookUp(loop, each || undefined, port, hints, `getaddrinfo(${brief(each)})`),
        name,
        undefined,
      ),
    ),
  );
  const infos = (await Promise.all(lookUps)).flat();
  return [...new Map(infos.map((info) => [String(info), info])).values()];
}

function bindServers(
  loop: BindingLoop,
  infos: readonly ResolvedAddress[],
  options: ServerOptions,
): Socket[] {
  const sockets: Socket[] = [];
  try {
    for (const info of infos) {
      const sock = bindOne(loop, info, options);
      if (sock !== undefined) sockets.push(sock);
    }
    if (sockets.length > 0) return sockets;
    const addresses = infos.map(([, , , , address]) => address);
    throw new OSError(`could not bind on any address out of ${brief(addresses)}`);
  } catch (error) {
    for (const sock of sockets) sock.close();
    throw error;
  }
}

/**
 * Binds a socket to one address; returns `undefined` if this machine does not support the family.
 */
function bindOne(
  loop: BindingLoop,
  [family, type, proto, , address]: ResolvedAddress,
  options: ServerOptions,
): Socket | undefined {
  let sock: Socket;
  try {
    sock = Socket._of(driverNamed().open(family, type, proto));
  } catch (error) {
    if (!isA(error, OSError) || error.code === 'EMFILE') throw error;
    // The family is not supported.
    if (loop.getDebug())
      log(
        `createServer() failed to create socket.socket(${family}, ${type}, ${proto}): ${error}`,
        'warn',
      );
    return undefined;
  }
  try {
    setOptions(sock, options);
    sock.bind(address);
    return sock;
  } catch (error) {
    sock.close();
    if (!isA(error, OSError) || error.syscall !== 'bind') throw error;
    const told = bindError(error, address);
    if (error.code !== 'EADDRNOTAVAIL') throw told;
    // The family is not enabled.
    if (loop.getDebug()) log(told.message, 'warn');
    return undefined;
  }
}

function setOptions(
  sock: Socket,
  { reuseAddress = true, reusePort, keepAlive }: ServerOptions,
): void {
  if (reuseAddress) sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  if (reusePort) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
  if (keepAlive) sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
  // IPv6 only, because an IPv4 socket is bound to the same port.
  if (sock.family === AF_INET6) sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1);
}
