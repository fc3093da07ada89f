import { Duplex } from 'node:stream';

/** A stream that receives what is written to the other one, with back-pressure from its reader. */
class End extends Duplex {
  other: End | undefined;
  /** Called when the data from the other one has been read. */
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(data: Buffer, _encoding: string, done: () => void): void {
    const { other } = this;
    if (other === undefined || other.destroyed || other.push(data)) done();
    else other.#taken = done;
  }

  override _final(done: () => void): void {
    if (this.other?.destroyed === false) this.other.push(null);
    done();
  }
}

/** Two connected Node streams. */
export function duplexPair(): [Duplex, Duplex] {
  const [one, other] = [new End({ allowHalfOpen: true }), new End({ allowHalfOpen: true })];
  one.other = other;
  other.other = one;
  return [one, other];
}
