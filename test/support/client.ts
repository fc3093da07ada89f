/** Clients with `node:net` and `node:tls`, because clients of a server under test must not use the code under test. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';

/** Where a server listens. */
export type Place =
  | { readonly path: string }
  | { readonly port: number; readonly host: string; readonly tls?: boolean };

/** Time between two attempts to connect to a server that does not listen yet, in ms. */
const RETRY_MS = 40;
/** How many bytes are sent at a time. */
const PIECE = 65_536;
/** The time without progress after which sending counts as stuck, in ms. */
const STUCK_MS = 250;

export class Client implements Disposable {
  readonly #socket: Socket;
  readonly #isTcp: boolean;
  #received: Buffer[] = [];
  #size = 0;
  /** How many bytes the kernel has accepted. */
  #sent = 0;
  #tell: (() => void) | undefined;
  #ending: 'open' | 'ended' | 'reset' = 'open';

  /** Its own address, as Python prints it. */
  readonly address: string;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#isTcp = !(socket instanceof TLSSocket) && socket.localPort !== undefined;
    this.address = `('${socket.localAddress}', ${socket.localPort})`;
    socket.on('data', (data: Buffer) => {
      this.#received.push(data);
      this.#size += data.length;
      this.#tell?.();
    });
    socket.on('end', () => this.#ends('ended'));
    socket.on('error', () => this.#ends('reset'));
    socket.on('close', () => this.#ends('ended'));
  }

  /**
   * Connects to a port of the loopback. Tries again and again, for a server that is just starting.
   *
   * @throws {Error} if it is refused for `seconds`
   */
  static async to(
    port: number,
    { host = '127.0.0.1', seconds = 15 }: { host?: string; seconds?: number } = {},
  ): Promise<Client> {
    return await Client.at({ port, host }, seconds);
  }

  /** Connects to an address, like {@link to} to a port. With TLS, it trusts any server. */
  static async at(place: Place, seconds = 15): Promise<Client> {
    const end = performance.now() + seconds * 1000;
    while (true) {
      try {
        return new Client(await connected(place));
      } catch (error) {
        if (performance.now() > end || (error as { code?: string }).code !== 'ECONNREFUSED')
          throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Its own port. */
  get port(): number {
    return this.#socket.localPort as number;
  }

  /** How many received bytes have not been read. */
  get available(): number {
    return this.#size;
  }

  /** Has the server ended the connection, or reset it? */
  get ending(): 'open' | 'ended' | 'reset' {
    return this.#ending;
  }

  /** Sends piece by piece. Ends when the kernel has accepted everything. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(data);
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = bytes.subarray(from, from + PIECE);
      await new Promise<void>((resolve, reject) => {
        this.#socket.write(piece, (error) => (error ? reject(error) : resolve()));
      });
      this.#sent += piece.length;
    }
  }

  /** Waits until sending is stuck, because the server receives no more. */
  async stuck(): Promise<void> {
    for (let before = -1; before !== this.#sent; ) {
      before = this.#sent;
      await new Promise((resolve) => setTimeout(resolve, STUCK_MS));
    }
  }

  /** Receives `nbytes` bytes, or fewer if the connection ends before. */
  async receive(nbytes: number): Promise<Buffer> {
    while (this.#size < nbytes && this.#ending === 'open') await this.#news();
    const all = Buffer.concat(this.#received);
    const data = all.subarray(0, nbytes);
    const rest = all.subarray(nbytes);
    this.#received = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return data;
  }

  /** Sends a text, and receives a text with the same number of bytes. */
  async converse(text: string): Promise<string> {
    await this.send(text);
    return String(await this.receive(Buffer.byteLength(text)));
  }

  /** Receives everything until the connection ends. */
  async rest(): Promise<Buffer> {
    return await this.receive(Infinity);
  }

  /** Stops receiving until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Stops sending, but continues to receive. */
  finish(): void {
    this.#socket.end();
  }

  /** Resets the connection. If it is not TCP, it is reset only if it has unread bytes. */
  reset(): void {
    if (this.#isTcp) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #ends(how: 'ended' | 'reset'): void {
    if (this.#ending === 'open') this.#ending = how;
    this.#tell?.();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}

function connected(place: Place): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const encrypted = 'tls' in place && place.tls;
    const socket = encrypted
      ? connectTls({ ...place, rejectUnauthorized: false })
      : connect({ ...place, allowHalfOpen: true });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once(encrypted ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
