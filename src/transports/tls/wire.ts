import type { Duplex } from 'node:stream';
import { stream } from '../../base/node-modules.ts';
import type { Transport } from '../transport.ts';

/**
 * A transport as a Node stream, for a TLS socket to run on. Everything that passes is encrypted.
 *
 * Back-pressure works in both directions: a write is done when the transport has sent everything,
 * and the transport is paused while nothing reads.
 */
export class Wire {
  readonly stream: Duplex = new (stream().Duplex)({
    allowHalfOpen: true,
    read: () => this.#read(),
    write: (data: Uint8Array, _encoding, done) => this.#write(data, done),
  });
  /** Undefined until the connection is established. */
  #transport: Transport | undefined;
  /** Does the transport have unsent data? */
  #isFull = false;
  /** Completes the current write. */
  #written: (() => void) | undefined;
  /** Data written before there was a transport. */
  #early: Uint8Array[] = [];
  #paused = false;
  #peerEnded = false;

  /** The connection is established. */
  attach(transport: Transport): void {
    transport.setWriteBufferLimits(0);
    this.#transport = transport;
    const early = this.#early;
    this.#early = [];
    for (const data of early) this.#send(transport, data);
    this.#goOn();
  }

  /** Bytes were received. */
  feed(data: Uint8Array): void {
    if (this.stream.destroyed || this.#peerEnded || this.stream.push(data)) return;
    this.#paused = true;
    this.#transport?.pauseReading();
  }

  /** The peer has ended sending. */
  feedEof(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    this.stream.push(null);
  }

  /** The transport has unsent data. */
  full(): void {
    this.#isFull = true;
  }

  /** The transport has sent everything. */
  drained(): void {
    this.#isFull = false;
    this.#goOn();
  }

  /** Passes all written data to the transport, even if it is full. */
  flush(): void {
    if (this.#transport === undefined) return;
    do this.drained();
    while (this.#written !== undefined);
  }

  #read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport?.resumeReading();
  }

  #write(data: Uint8Array, done: () => void): void {
    this.#written = done;
    if (this.#transport === undefined) this.#early.push(data);
    else this.#send(this.#transport, data);
    this.#goOn();
  }

  /** If the transport refuses, as after `writeEof()`, the encryption ends with its error. */
  #send(transport: Transport, data: Uint8Array): void {
    try {
      transport.write(data);
    } catch (error) {
      this.stream.destroy(error as Error);
    }
  }

  #goOn(): void {
    if (this.#isFull || this.#transport === undefined) return;
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }
}
