/**
 * What a process had of the processor, and how long it was ready to run while others ran: what tells one
 * that is slow from one that a busy machine starves. Linux only; elsewhere nobody is ever starved.
 */
import { readFileSync } from 'node:fs';

/** Of the main thread of a process since it began, in ms. */
export interface Cpu {
  /** How long it ran. */
  readonly ran: number;
  /** How long it waited for a processor. */
  readonly starved: number;
}

/** The accounts of a process; none of one that is gone, and where the system keeps none. */
export function cpuOf(pid: number): Cpu | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/schedstat`, 'utf8');
    const [ran = 0, starved = 0] = text.split(' ').map((ns) => Number(ns) / 1e6);
    return { ran, starved };
  } catch {
    return undefined;
  }
}

/** The accounts at a moment. */
interface Sample {
  /** Milliseconds since the watch began. */
  readonly at: number;
  readonly server: Cpu;
  readonly test: Cpu;
}

/** Milliseconds between two looks. */
const EVERY_MS = 5;
/** How long a server that was sent a signal may run before it knows of it, in ms. */
const AWAKE_MS = 10;

/** Looks at the accounts of a server, and of the test that talks to it, until the server is gone. */
export class CpuWatch implements Disposable {
  readonly #pid: number;
  readonly #begin = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #samples: Sample[] = [];

  constructor(pid: number) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** How long the server ran since the watch began, in ms. */
  get ran(): number {
    return (this.#samples.at(-1)?.server.ran ?? 0) - (this.#samples[0]?.server.ran ?? 0);
  }

  /**
   * How long the machine delayed the end of a server that was sent a signal as the watch began, in ms: until
   * it knew of it, when its grace period was over, and the test when it was gone. Rather too little.
   *
   * @param graceMs - in which nothing delays it; none: any delay of the server and of its clients counts
   */
  delayed(graceMs: number): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const unseen = (cpuOf(process.pid)?.starved ?? 0) - last.test.starved;
    const of = (from: Sample, to: Sample): number =>
      Math.max(0, to.server.starved - from.server.starved);
    if (graceMs === 0) return of(first, last) + (last.test.starved - first.test.starved) + unseen;
    const awake =
      this.#samples.find(({ server }) => server.ran > first.server.ran + AWAKE_MS) ?? last;
    const over = this.#samples.find(({ at }) => at > Math.max(graceMs, awake.at)) ?? last;
    return of(first, awake) + of(over, last) + unseen;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const [server, test] = [cpuOf(this.#pid), cpuOf(process.pid)];
    // One that has ended, and was not fetched yet, has no more of it.
    if (server === undefined || test === undefined) return;
    this.#samples.push({ at: performance.now() - this.#begin, server, test });
  }
}
