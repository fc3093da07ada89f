/** TCP clients on `node:net`: what talks to a server under test must not be made of it. */
import { connect, type Socket } from 'node:net';

/** Milliseconds between two tries to reach a server that does not listen yet. */
const RETRY_MS = 10;

export class Client implements Disposable {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #size = 0;
  #tell: (() => void) | undefined;
  #ending: 'open' | 'ended' | 'reset' = 'open';

  private constructor(socket: Socket) {
    this.#socket = socket;
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
   * Connects to a port of the loopback; as often as it takes, for a server that is just starting.
   *
   * @throws {Error} when it was refused for `seconds`
   */
  static async to(
    port: number,
    { host = '127.0.0.1', seconds = 4 }: { host?: string; seconds?: number } = {},
  ): Promise<Client> {
    const end = performance.now() + seconds * 1000;
    while (true) {
      try {
        return new Client(await connected(port, host));
      } catch (error) {
        if (performance.now() > end || (error as { code?: string }).code !== 'ECONNREFUSED')
          throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** How its own address prints in Python. */
  get address(): string {
    return `('${this.#socket.localAddress}', ${this.#socket.localPort})`;
  }

  /** How many bytes wait to be received. */
  get available(): number {
    return this.#size;
  }

  /** Has the server ended the connection, or reset it? */
  get ending(): 'open' | 'ended' | 'reset' {
    return this.#ending;
  }

  /** Sends; done when the kernel has it all. */
  async send(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Receives `nbytes` bytes, or fewer when the connection ends before. */
  async receive(nbytes: number): Promise<Buffer> {
    while (this.#size < nbytes && this.#ending === 'open') await this.#news();
    const all = Buffer.concat(this.#received);
    const data = all.subarray(0, nbytes);
    const rest = all.subarray(nbytes);
    this.#received = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return data;
  }

  /** Sends, and receives as many bytes as text. */
  async converse(text: string): Promise<string> {
    await this.send(text);
    return String(await this.receive(Buffer.byteLength(text)));
  }

  /** Receives all until the connection ends. */
  async rest(): Promise<Buffer> {
    return await this.receive(Infinity);
  }

  /** Receives nothing any more until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends no more; receiving goes on. */
  finish(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
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

function connected(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, allowHalfOpen: true });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
