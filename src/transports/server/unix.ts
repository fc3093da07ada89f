import { statSync, unlinkSync } from 'node:fs';
import { OSError, osError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { log } from '../../base/log/log.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { type Abortable, untilAborted } from '../../core/coroutines/abort-signals.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { type Address, checkAddress } from '../../sock/addresses/address.ts';
import { AF_UNIX, SOCK_STREAM } from '../../sock/constants/constants.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import { Socket } from '../../sock/socket.ts';
import { toPath, type UnixPath } from '../addresses/check-host-port.ts';
import { isFile, removeStale } from '../addresses/stale-unix-socket.ts';
import { connectionOn } from '../connect/create-connection.ts';
import { checkFactory } from '../protocols.ts';
import { checkUnused } from '../readiness-watch.ts';
import { encryptionToPath, TLS_CLIENT, type TlsClientOptions } from '../tls/options.ts';
import type { ProtocolCallbacks, Transport } from '../transport.ts';
import { checkServing, SERVING, type ServingOptions, serverOn } from './create-server.ts';
import type { Server, ServingLoop } from './server.ts';

/** Options for a connection over AF_UNIX. */
export interface UnixConnectionOptions extends TlsClientOptions, Abortable {
  /** A connected stream socket to use instead of a path. The transport closes it. */
  readonly sock?: Socket | undefined;
}

/** Options for a server on AF_UNIX. */
export interface UnixServerOptions extends ServingOptions {
  /** A bound stream socket to use instead of a path. The server closes it. */
  readonly sock?: Socket | undefined;
  /** Remove the path when the server is closed? By default yes. */
  readonly cleanupSocket?: boolean | undefined;
}

/** The names of {@link UnixConnectionOptions}. */
export const UNIX_CONNECTION: string = `${TLS_CLIENT} signal abandon sock`;
/** The names of {@link UnixServerOptions}, except `startServing`. */
export const UNIX_SERVER: string = `${SERVING} sock cleanupSocket`;

/** What connecting needs from a loop. */
export interface UnixConnectingLoop extends LoopCore {
  sockConnect(sock: Socket, address: Address): PromiseLike<void>;
}

/** `loop.createUnixConnection()`, which documents it. */
export function createUnixConnection<P extends ProtocolCallbacks>(
  loop: UnixConnectingLoop,
  protocolFactory: () => P,
  where: UnixPath | undefined,
  options: UnixConnectionOptions,
): Coroutine<[transport: Transport, protocol: P]> {
  const path = toPath('createUnixConnection(protocolFactory, path, options)', where);
  const connect = async (): Promise<[Transport, P]> => {
    checkFactory(protocolFactory);
    const encryption = encryptionToPath(options);
    const given = givenUnixSocket(path, options.sock, 'no path and sock were specified');
    const sock = given ?? (await connectToPath(loop, path as string));
    return await connectionOn(loop, sock, protocolFactory, given === undefined, encryption);
  };
  return new Coroutine(
    untilAborted(options, connect, UNIX_CONNECTION),
    'Loop.createUnixConnection',
    undefined,
  );
}

/** `loop.createUnixServer()`, which documents it. */
export function createUnixServer(
  loop: ServingLoop,
  protocolFactory: () => ProtocolCallbacks,
  where: UnixPath | undefined,
  options: UnixServerOptions,
): Coroutine<Server> {
  const path = toPath('createUnixServer(protocolFactory, path, options)', where);
  const create = async (): Promise<Server> => {
    const encryption = checkServing(protocolFactory, options);
    const given = givenUnixSocket(
      path,
      options.sock,
      'path was not specified, and no sock specified',
    );
    if (given !== undefined) checkUnused(given);
    const sock = given ?? bindToPath(path as string);
    let remove: (() => void) | undefined;
    try {
      if (options.cleanupSocket !== false) remove = removerOf(sock);
    } catch (error) {
      if (given === undefined) sock.close();
      throw error;
    }
    return await serverOn(loop, [sock], protocolFactory, options, encryption, remove);
  };
  return new Coroutine(create, 'Loop.createUnixServer', undefined);
}

/** Checks and returns the socket in the options, if there is one. */
function givenUnixSocket(
  path: string | undefined,
  sock: Socket | undefined,
  refusal: string,
): Socket | undefined {
  if (path !== undefined) {
    if (sock === undefined) return undefined;
    throw rangeError('path and sock can not be specified at the same time');
  }
  if (sock === undefined) throw rangeError(refusal);
  if (!(sock instanceof Socket)) throw typeError(`sock must be a Socket, got ${brief(sock)}`);
  if (sock.family !== AF_UNIX || sock.type !== SOCK_STREAM)
    throw rangeError(`A UNIX Domain Stream Socket was expected, got ${sock}`);
  return sock;
}

function newSocket(): Socket {
  return Socket._of(driverNamed().open(AF_UNIX, SOCK_STREAM, 0));
}

async function connectToPath(loop: UnixConnectingLoop, path: string): Promise<Socket> {
  const sock = newSocket();
  try {
    sock.setblocking(false);
    await loop.sockConnect(sock, path);
    return sock;
  } catch (error) {
    sock.close();
    throw error;
  }
}

function bindToPath(path: string): Socket {
  const sock = newSocket();
  try {
    checkAddress(AF_UNIX, path, 'createUnixServer');
    removeStale(path, sock);
    sock.bind(path);
    return sock;
  } catch (error) {
    sock.close();
    if (!isA(error, OSError) || error.code !== 'EADDRINUSE') throw error;
    const strerror = `Address ${repr(path)} is already in use`;
    throw osError('EADDRINUSE', 'bind', { strerror });
  }
}

/** Returns a function that removes a server's path, if it still belongs to the server. */
function removerOf(sock: Socket): (() => void) | undefined {
  const path = sock.getsockname();
  if (!isFile(path, sock)) return undefined;
  const inodeNow = (): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;
  const inode = inodeNow();
  if (inode === undefined) return undefined;
  return () => {
    try {
      if (inodeNow() === inode) unlinkSync(path);
    } catch (error) {
      log(`Unable to clean up listening UNIX socket ${repr(path)}: ${repr(error)}`);
    }
  };
}
