// What is between a TLS client and its socket, and can fail at any byte. Plain Node.
import { Duplex } from 'node:stream';

/**
 * Passes on what goes through, `piece` bytes at a time; after `limit` bytes of the client's it passes no
 * more, and calls `cut` with the socket.
 */
export class Line extends Duplex {
  /** Bytes of the client's that were passed on. */
  sent = 0;
  #socket;
  #limit;
  #piece;
  #cut;

  constructor(socket, { limit = Infinity, piece = Infinity, cut = () => {} } = {}) {
    super();
    this.#socket = socket;
    this.#limit = limit;
    this.#piece = piece;
    this.#cut = cut;
    socket.on('data', (data) => {
      if (!this.push(data)) socket.pause();
    });
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }

  _read() {
    this.#socket.resume();
  }

  async _write(data, _encoding, done) {
    for (let from = 0; from < data.length; ) {
      const room = Math.min(this.#piece, this.#limit - this.sent);
      const piece = data.subarray(from, from + room);
      if (piece.length > 0) await new Promise((resolve) => this.#socket.write(piece, resolve));
      from += piece.length;
      this.sent += piece.length;
      if (this.#socket.destroyed) return;
      if (this.sent >= this.#limit) return this.#cut(this.#socket);
    }
    done();
  }

  _final(done) {
    this.#socket.end(done);
  }

  _destroy(error, done) {
    this.#socket.destroy();
    done(error);
  }
}
