import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Timed, TimerHeap } from '../../../src/core/turns/timer-heap.ts';
import { behaviour } from '../../support/behaviour.ts';

class FakeTimer implements Timed {
  _scheduled = false;
  #cancelled = false;
  readonly #when: number;
  readonly number: number;

  constructor(when: number, number: number) {
    this.#when = when;
    this.number = number;
  }

  when(): number {
    return this.#when;
  }

  cancel(heap: TimerHeap): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    heap.dropped(this);
  }

  get _isDropped(): boolean {
    return this.#cancelled;
  }

  _before(other: FakeTimer): boolean {
    return this.#when === other.when() ? this.number < other.number : this.#when < other.when();
  }

  _run(): void {}
}

/** What a program does with a heap: adds a timer, cancels the n-th one, or takes what is due. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 3, arbitrary: fc.record({ cancel: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ takeUntil: fc.integer({ min: 0, max: 50 }) }) },
);

behaviour('TimerHeap', (it) => {
  it('behaves like a sorted list, whatever is added, cancelled and taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const heap = new TimerHeap();
        const all: FakeTimer[] = [];
        let waiting: FakeTimer[] = [];
        for (const one of steps) {
          if ('add' in one) {
            const timer = new FakeTimer(one.add, all.length);
            all.push(timer);
            waiting.push(timer);
            heap.add(timer);
          } else if ('cancel' in one) {
            const timer = all[one.cancel];
            timer?.cancel(heap);
            waiting = waiting.filter((other) => other !== timer);
          } else {
            const due = waiting
              .filter((timer) => timer.when() <= one.takeUntil)
              .sort((a, b) => (a._before(b) ? -1 : 1));
            waiting = waiting.filter((timer) => timer.when() > one.takeUntil);

            const taken = (heap.takeDue(one.takeUntil) ?? []) as FakeTimer[];

            assert.equal(
              taken.map(({ number }) => number),
              due.map(({ number }) => number),
            );
          }
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
