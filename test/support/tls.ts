/** For tests of TLS: a certificate for this process, and two protocols that do a handshake. */
import { selfSigned } from '../../src/echo/certificate.ts';
import {
  BufferedProtocol,
  type Loop,
  type ProtocolCallbacks,
  type TlsOptions,
  type TlsTimeouts,
  type Transport,
} from '../../src/index.ts';
import { type DriverName, SHUT_WR, type Socket } from '../../src/socket.ts';
import { settle } from './loop-behaviour.ts';
import { Recorder, socketsOn } from './transports.ts';

/** The certificate of `localhost` and the loopback. */
export const { key: KEY, cert: CERT } = selfSigned(['localhost', '127.0.0.1', '::1']);

/** The certificate of a server, and what makes a client trust it. */
export const SERVER: TlsOptions = { key: KEY, cert: CERT };
export const CLIENT: TlsOptions = { ca: CERT };

/** Sends back what it receives. */
export class Echo extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data);
    this.transport?.write(data);
  }
}

/** Receives into its own buffer, a few bytes at a time. */
export class Buffered extends BufferedProtocol {
  readonly #buffer = new Uint8Array(3);
  received = '';
  override getBuffer(): Uint8Array {
    return this.#buffer;
  }
  override bufferUpdated(nbytes: number): void {
    this.received += Buffer.from(this.#buffer.subarray(0, nbytes));
  }
}

/** Options of the handshake. */
export interface Sides {
  readonly server?: TlsOptions & TlsTimeouts;
  readonly client?: TlsOptions & TlsTimeouts;
}

/** Starts TLS as the client, on a connected socket. */
export async function secureClient(
  loop: Loop,
  sock: Socket,
  protocol: ProtocolCallbacks,
  { sslHandshakeTimeout, sslShutdownTimeout, ...ssl }: TlsOptions & TlsTimeouts = CLIENT,
): Promise<Transport> {
  const options = {
    sock,
    ssl,
    serverHostname: 'localhost',
    sslHandshakeTimeout,
    sslShutdownTimeout,
  };
  const made = await loop.createConnection(() => protocol, undefined, undefined, options);
  return made[0];
}

/** Starts TLS as the server, on an accepted socket. */
export async function secureServer(
  loop: Loop,
  sock: Socket,
  protocol: ProtocolCallbacks,
  { sslHandshakeTimeout, sslShutdownTimeout, ...ssl }: TlsOptions & TlsTimeouts = SERVER,
): Promise<Transport> {
  const options = { ssl, sslHandshakeTimeout, sslShutdownTimeout };
  return (await loop.connectAcceptedSocket(() => protocol, sock, options))[0];
}

/** Lets two protocols do a handshake, and then closes everything. */
export async function securely(
  loop: Loop,
  driver: DriverName,
  client: ProtocolCallbacks,
  server: ProtocolCallbacks,
  use: (client: Transport, server: Transport) => Promise<unknown>,
  sides: Sides = {},
): Promise<void> {
  const [near, far] = await socketsOn(loop, driver);
  const [made, answered] = await Promise.all([
    secureClient(loop, near, client, sides.client),
    secureServer(loop, far, server, sides.server),
  ]);
  try {
    await use(made, answered);
  } finally {
    made.abort();
    answered.abort();
    await settle(loop, 5);
  }
}

/** A relay between a client and a server. */
export interface Relay {
  /** The client's end. */
  readonly sock: Socket;
  /** The server's transport, when its handshake is done. */
  readonly answering: Promise<Transport>;
  /** How many bytes of the client were relayed. */
  sent(): number;
  /** Fulfilled when nothing more is relayed. */
  close(): Promise<void>;
}

/**
 * Relays between a client and a TLS server.
 *
 * @param options - `pieces`: how many bytes at a time; `limit`: after how many bytes of the client it
 *   stops
 */
export async function relay(
  loop: Loop,
  driver: DriverName,
  options: {
    ssl: TlsOptions;
    protocol: ProtocolCallbacks;
    pieces?: number;
    limit?: number;
  },
): Promise<Relay> {
  const { ssl, protocol, pieces = 65_536, limit = Number.POSITIVE_INFINITY } = options;
  const [sock, near] = await socketsOn(loop, driver);
  const [far, accepted] = await socketsOn(loop, driver);
  const answering = secureServer(loop, accepted, protocol, ssl);
  answering.catch(() => {});
  const leave = (): void => {
    near.close();
    far.close();
  };
  let sent = 0;
  const carry = async (from: Socket, to: Socket, isClients: boolean): Promise<void> => {
    for (;;) {
      const data = await loop.sockRecv(from, isClients ? Math.min(pieces, limit - sent) : pieces);
      if (data.length === 0) break;
      await loop.sockSendall(to, data);
      if (isClients) sent += data.length;
      if (sent === limit) return leave();
    }
    to.shutdown(SHUT_WR);
  };
  const carrying = [carry(near, far, true), carry(far, near, false)].map((each) =>
    // One that was left has nothing to carry to.
    each.catch(() => {}),
  );
  return {
    sock,
    answering,
    sent: () => sent,
    close: async () => {
      leave();
      await Promise.all(carrying);
    },
  };
}
