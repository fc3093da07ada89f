import { Buffer } from 'node:buffer';
import { repr } from '../../base/printing/repr.ts';

/** A host, as seen by the trace. */
export interface Place {
  readonly index: number;
  readonly hostname: string;
}

/** An entry of a trace. */
export interface TraceEntry {
  /** Seconds since the start. */
  readonly time: number;
  /** The number of the step. */
  readonly step: number;
  readonly kind: string;
  /** The host that sent something, or to which something happened. */
  readonly from: string;
  /** The receiving host. */
  readonly to: string;
  /** What was sent: the number of bytes, and the first of them. */
  readonly nbytes: number;
  readonly text: string;
}

/** The most bytes of a message that are shown. */
const SHOWN = 32;
const NOTHING = Buffer.alloc(0);

/** The text of an entry: `data 4 b'add\n'`. */
export function labelOf({ kind, nbytes, text }: TraceEntry): string {
  if (nbytes === 0) return kind;
  const shown = repr(Buffer.from(text, 'latin1'));
  return `${kind} ${nbytes}${text === '' ? '' : ` ${shown}${nbytes > SHOWN ? '…' : ''}`}`;
}

/** The newest entries of a run, and a digest of all entries. */
export class Trace {
  /** The number of messages sent. */
  messages = 0;
  bytes = 0;
  readonly #scheduler: { readonly now: number; readonly steps: number };
  readonly #limit: number;
  #entries: TraceEntry[] = [];
  #dropped = 0;
  #digest = 0x811c9dc5;

  constructor(scheduler: { readonly now: number; readonly steps: number }, limit: number) {
    this.#scheduler = scheduler;
    this.#limit = limit;
  }

  now(): number {
    return this.#scheduler.now;
  }

  /** Records that a host sends something to another. */
  sent(
    { from, to }: { readonly from: Place; readonly to: Place },
    kind: string,
    data: Buffer | undefined,
    arrival: number,
  ): void {
    const nbytes = data === undefined ? 0 : data.length;
    this.messages += 1;
    this.bytes += nbytes;
    this.#mix(nbytes + from.index * 31 + to.index * 7 + kind.length);
    this.#mix(Math.round(arrival * 1e6) | 0);
    // What TLS sends is random.
    const shown = kind === 'tls' || data === undefined ? NOTHING : data;
    this.#mixAll(shown);
    const text = shown.toString('latin1', 0, SHOWN);
    this.#add(kind, from.hostname, to.hostname, nbytes, text);
  }

  /** Records that something happens to a host. */
  noted(kernel: Place | undefined, what: string): void {
    this.#mixAll(Buffer.from(what));
    this.#add(what, kernel?.hostname ?? '', '', 0, '');
  }

  fault(what: string): void {
    this.noted(undefined, `✗ ${what}`);
  }

  #mix(number: number): void {
    this.#digest = Math.imul(this.#digest ^ number, 0x01000193);
  }

  #mixAll(data: Uint8Array): void {
    let digest = this.#digest;
    for (let at = 0; at < data.length; at += 1)
      digest = Math.imul(digest ^ (data[at] as number), 0x01000193);
    this.#digest = digest;
  }

  #add(kind: string, from: string, to: string, nbytes: number, text: string): void {
    const { now, steps } = this.#scheduler;
    this.#entries.push({ time: now, step: steps, kind, from, to, nbytes, text });
    if (this.#entries.length < 2 * this.#limit) return;
    this.#dropped += this.#limit;
    this.#entries = this.#entries.slice(this.#limit);
  }

  /** The newest entries. */
  entries(): readonly TraceEntry[] {
    return this.#entries.slice(-this.#limit);
  }

  /** A digest of everything that was sent or noted, as eight hexadecimal digits. */
  digest(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, '0');
  }

  /** A sequence diagram of the last `count` entries. */
  toString(count: number = 40): string {
    const shown = this.#entries.slice(-count);
    const left = this.#dropped + this.#entries.length - shown.length;
    const hosts = [...new Set(shown.flatMap(({ from, to }) => [from, to]))].filter(Boolean).sort();
    const width = Math.max(8, ...hosts.map((host) => host.length + 2));
    const lines = shown.map((entry) => {
      const { time, from, to } = entry;
      const end = to || from;
      const [least, most] = end < from ? [end, from] : [from, end];
      const lanes = hosts
        .map((host) => {
          if (host < least || host > most) return '│'.padEnd(width);
          const head = host === from ? '●' : host !== end ? '─' : end < from ? '◀' : '▶';
          return head.padEnd(width, host < most ? '─' : ' ');
        })
        .join('');
      return `${time.toFixed(6).padStart(14)}  ${lanes}${labelOf(entry)}`;
    });
    const head = `${' '.repeat(16)}${hosts.map((host) => host.padEnd(width)).join('')}`;
    return [...(left > 0 ? [`(${left} earlier entries)`] : []), head, ...lines].join('\n');
  }
}
