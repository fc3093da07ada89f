import type { Timed } from '../../core/turns/timer-heap.ts';

/** An event of a simulation. */
export class ScheduledEvent implements Timed {
  _scheduled = false;
  /** Does it happen by itself, independently of the program? */
  readonly isBackground: boolean;
  readonly #when: number;
  /** The order of events at the same instant, drawn from the seed. */
  readonly #tie: number;
  /** The order in which they were created, for equal ties. */
  readonly #serial: number;
  #run: (() => void) | undefined;

  constructor(when: number, tie: number, serial: number, run: () => void, isBackground: boolean) {
    this.#when = when;
    this.#tie = tie;
    this.#serial = serial;
    this.#run = run;
    this.isBackground = isBackground;
  }

  when(): number {
    return this.#when;
  }

  get _isDropped(): boolean {
    return this.#run === undefined;
  }

  cancel(): void {
    this.#run = undefined;
  }

  _before(other: ScheduledEvent): boolean {
    if (this.#when !== other.#when) return this.#when < other.#when;
    return this.#tie === other.#tie ? this.#serial < other.#serial : this.#tie < other.#tie;
  }

  _run(): void {
    this.#run?.();
  }
}
