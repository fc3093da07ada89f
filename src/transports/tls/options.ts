import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { typeNameOf } from '../../base/printing/repr.ts';
import type { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Socket } from '../../sock/socket.ts';
import type { ConnectionCounter } from '../lifecycle.ts';
import { SocketTransport } from '../socket-transport.ts';
import type { ProtocolCallbacks, Transport } from '../transport.ts';
import { TlsClient, type TlsContext, TlsServer, type TlsSide } from './context.ts';
import { checkTimeouts, type TlsTimeouts, TlsTransport } from './tls-transport.ts';

/** How a client encrypts; by default it does not. */
export interface TlsClientOptions extends TlsTimeouts {
  /** How to encrypt the connection; `true` for the defaults, with Node's root certificates. */
  readonly ssl?: TlsContext | boolean | undefined;
  /** The name that the certificate must be for, also used for SNI; by default the host. */
  readonly serverHostname?: string | undefined;
}

/** The names of {@link TlsServerOptions}. */
export const TLS_SERVER: string = 'ssl sslHandshakeTimeout sslShutdownTimeout';
/** The names of {@link TlsClientOptions}. */
export const TLS_CLIENT: string = `${TLS_SERVER} serverHostname`;

/** How a server encrypts; by default it does not. */
export interface TlsServerOptions extends TlsTimeouts {
  /** How to encrypt the connections. Needs a certificate. */
  readonly ssl?: TlsContext | undefined;
}

/** The side of TLS and its timeouts; `undefined` for no encryption. */
export type Encryption = { readonly side: TlsSide; readonly timeouts: TlsTimeouts } | undefined;

/**
 * How `createConnection()` encrypts.
 *
 * @throws {RangeError} when an option has no meaning without `ssl`, or a name is missing
 * @throws {TypeError} when `ssl` is not a context
 */
export function encryptionToHost(options: TlsClientOptions, host: string | undefined): Encryption {
  const { ssl, serverHostname } = options;
  if (!ssl) {
    refuseHostname(serverHostname);
    return withoutTls(options);
  }
  if (serverHostname === undefined && !host)
    throw rangeError('You must set serverHostname when using ssl without a host');
  return asClient(ssl, serverHostname ?? host, options);
}

/** How `createUnixConnection()` encrypts; throws like {@link encryptionToHost}. */
export function encryptionToPath(options: TlsClientOptions): Encryption {
  const { ssl, serverHostname } = options;
  if (!ssl) {
    refuseHostname(serverHostname);
    return withoutTls(options);
  }
  if (serverHostname === undefined)
    throw rangeError('you have to pass serverHostname when using ssl');
  return asClient(ssl, serverHostname, options);
}

/** How a server encrypts; throws like {@link encryptionToHost}. */
export function encryptionOfServer(options: TlsServerOptions): Encryption {
  const { ssl } = options;
  if (ssl === undefined) return withoutTls(options);
  checkTimeouts(options);
  return { side: new TlsServer(ssl), timeouts: options };
}

function asClient(
  ssl: TlsContext | true,
  hostname: string | undefined,
  timeouts: TlsTimeouts,
): Encryption {
  checkTimeouts(timeouts);
  return { side: new TlsClient(ssl, hostname), timeouts };
}

function refuseHostname(serverHostname: unknown): void {
  if (serverHostname !== undefined) throw rangeError('serverHostname is only meaningful with ssl');
}

/**
 * @throws {RangeError} when a timeout is given without `ssl`
 * @throws {TypeError} when `ssl` is something falsy other than false, null or undefined
 */
function withoutTls({ sslHandshakeTimeout, sslShutdownTimeout, ...others }: TlsClientOptions) {
  const { ssl } = others;
  if (ssl !== undefined && ssl !== false && ssl !== null)
    throw typeError(
      `ssl must be a tls.SecureContext or an object of options, got ${typeNameOf(ssl)}`,
    );
  if (sslHandshakeTimeout !== undefined)
    throw rangeError('sslHandshakeTimeout is only meaningful with ssl');
  if (sslShutdownTimeout !== undefined)
    throw rangeError('sslShutdownTimeout is only meaningful with ssl');
  return undefined;
}

/** The details of a new connection. */
export interface NewConnection {
  /** Done when the protocol has been called; fails if TLS fails. */
  readonly made: Future<void>;
  readonly server?: ConnectionCounter | undefined;
  readonly peername?: Address | undefined;
}

/**
 * Creates a transport on a connected socket, encrypted if requested.
 *
 * @throws like {@link SocketTransport}
 */
export function newTransport(
  loop: LoopCore,
  sock: Socket,
  protocol: ProtocolCallbacks,
  encryption: Encryption,
  { made, server, peername }: NewConnection,
): Transport {
  if (encryption === undefined)
    return new SocketTransport(loop, sock, protocol, { made, server, peername });
  const { side, timeouts } = encryption;
  const transport = new TlsTransport(loop, side, protocol, { ...timeouts, made });
  new SocketTransport(loop, sock, transport.protocol, { peername });
  transport._countFor(server);
  return transport;
}
