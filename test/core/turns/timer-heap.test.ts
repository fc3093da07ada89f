import * as assert from 'uvu/assert';
import {
  MIN_CANCELLED_TIMER_HANDLES_FRACTION,
  MIN_SCHEDULED_TIMER_HANDLES,
} from '../../../src/base/constants.ts';
import { type Timed, TimerHeap } from '../../../src/core/turns/timer-heap.ts';
import { behaviour } from '../../support/behaviour.ts';

class FakeTimer implements Timed {
  _scheduled = false;
  readonly #when: number;
  readonly #number: number;
  #cancelled = false;

  constructor(when: number, number = 0) {
    this.#when = when;
    this.#number = number;
  }

  when = (): number => this.#when;
  get _isDropped(): boolean {
    return this.#cancelled;
  }
  _run(): void {}
  _before(other: FakeTimer): boolean {
    return this.#when === other.#when ? this.#number < other.#number : this.#when < other.#when;
  }

  cancelIn(heap: TimerHeap): void {
    this.#cancelled = true;
    heap.dropped(this);
  }
}

/** Numbers that look like chance, the same in each run. */
function* scrambled(count: number): Generator<number> {
  let seed = 12345;
  for (let n = 0; n < count; n += 1) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    yield seed % 50;
  }
}

behaviour('TimerHeap', (it) => {
  it('returns due timers, the earliest first, equal ones in the order of creation', () => {
    const heap = new TimerHeap();
    const timers = [...scrambled(500)].map((when, number) => new FakeTimer(when, number));
    for (const timer of timers) heap.add(timer);

    const early = heap.takeDue(24) ?? [];
    const late = heap.takeDue(50) ?? [];

    assert.ok([...early, ...late].every((timer, n, all) => n === 0 || all[n - 1]?._before(timer)));
    assert.ok(early.every((timer) => timer.when() <= 24));
    assert.is(early.length + late.length, 500);
    assert.is(heap.takeDue(1000), undefined);
  });

  it('neither returns nor counts cancelled timers', () => {
    const heap = new TimerHeap();
    const [first, second, third] = [1, 2, 3].map((when) => new FakeTimer(when)) as [
      FakeTimer,
      FakeTimer,
      FakeTimer,
    ];
    for (const timer of [first, second, third]) heap.add(timer);

    first.cancelIn(heap);
    third.cancelIn(heap);

    assert.is(heap.nextWhen(), 2);
    assert.equal(heap.takeDue(3), [second]);
    assert.is(heap.nextWhen(), undefined);
  });

  it(
    'drops cancelled timers when they are due, and all of them when there are too many',
    () => {
      const heap = new TimerHeap();
      const add = (when: number): FakeTimer => {
        const timer = new FakeTimer(when);
        heap.add(timer);
        return timer;
      };
      const kept = [add(3000)];
      const deep = [add(3600), add(3600)];
      const atHead = [add(100), add(100)];
      for (const timer of [...deep, ...atHead]) timer.cancelIn(heap);

      assert.is(heap.nextWhen(), 3000);
      assert.equal(
        atHead.map(({ _scheduled }) => _scheduled),
        [false, false],
      );
      assert.equal(
        deep.map(({ _scheduled }) => _scheduled),
        [true, true],
      );

      const most = MIN_SCHEDULED_TIMER_HANDLES * MIN_CANCELLED_TIMER_HANDLES_FRACTION + 1;
      while (kept.length < MIN_SCHEDULED_TIMER_HANDLES - most) kept.push(add(3600));
      const many = Array.from({ length: most }, () => add(3600));
      for (const timer of many) timer.cancelIn(heap);

      // The last one came when there was room again.
      assert.ok([...deep, ...many.slice(0, -1)].every(({ _scheduled }) => !_scheduled));
      assert.ok(kept.every(({ _scheduled }) => _scheduled));
      assert.is(heap.takeDue(3600)?.length, kept.length);
    },
    {
      cpython: ['test_base_events.py::BaseEventLoopTests::test__run_once_cancelled_event_cleanup'],
    },
  );

  it('drops all timers when it is cleared', () => {
    const heap = new TimerHeap();
    const timer = new FakeTimer(1);
    heap.add(timer);

    heap.clear();

    assert.is(heap.nextWhen(), undefined);
    assert.is(timer._scheduled, false);
  });
});
