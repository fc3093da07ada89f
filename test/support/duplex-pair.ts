import { Duplex } from 'node:stream';

/** Gets what the other one is written, and is held back by who reads there. */
class End extends Duplex {
  other: End | undefined;
  /** Says that what the other one wrote is taken. */
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

/** Two streams of Node's that are each other's end. */
export function duplexPair(): [Duplex, Duplex] {
  const [one, other] = [new End({ allowHalfOpen: true }), new End({ allowHalfOpen: true })];
  one.other = other;
  other.other = one;
  return [one, other];
}
