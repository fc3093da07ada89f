import { connect, type Socket } from 'node:net';
import { type Link, type Peer, READ_SIZE, type Wire } from './wire.ts';

/** Connects to servers through `node:net`, without streams for incoming data. */
export class NetWire implements Wire {
  readonly name = 'net';
  /** One buffer for all connections: it is checked before anything else can be read. */
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  /** Ends the current run; between runs, `undefined`. */
  #end: ((error?: Error) => void) | undefined;
  /** What {@link stop} was first called with. */
  #failure: Error | undefined;

  connect(port: number, peer: Peer): Link {
    return new NetLink(port, peer, this.#buffer);
  }

  run(seconds: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const timer = setTimeout(() => {
        this.#end = undefined;
        resolve(false);
      }, seconds * 1000);
      this.#end = (error) => {
        this.#end = undefined;
        clearTimeout(timer);
        if (error === undefined) resolve(true);
        else reject(error);
      };
    });
  }

  stop(error?: Error): void {
    this.#failure ??= error;
    this.#end?.(error);
  }

  close(): void {}
}

class NetLink implements Link {
  readonly #socket: Socket;

  constructor(port: number, peer: Peer, buffer: Buffer) {
    const callback = (nbytes: number): boolean => {
      try {
        peer.received(nbytes, buffer);
      } catch (error) {
        peer.lost(error as Error);
      }
      return true;
    };
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback },
    });
    this.#socket.on('connect', () => peer.connected());
    this.#socket.on('error', (error) => peer.lost(error));
    this.#socket.on('end', () => peer.lost(new Error('the server closed a connection')));
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.on('error', () => {}); // no longer of interest
    this.#socket.destroy();
  }
}
