import * as assert from 'uvu/assert';
import type { Loop } from '../../../src/index.ts';
import { Line, Waiter } from '../../../src/sync/waiting/waiter.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { inLinearTime } from '../../support/work.ts';

const MANY = 100_000;

class Bare extends Waiter<void> {
  override get _operation(): readonly [string, object] {
    return ['Bare.wait', this];
  }

  override _run(): void {
    this._line?.leave(this);
    if (!this._isCancelled) this._finish();
    this._tellNow();
  }
}

function lineOf(n: number, loop: Loop): [Line, Bare[]] {
  const line = new Line();
  const waiters = Array.from({ length: n }, () => new Bare(loop));
  for (const waiter of waiters) line.join(waiter);
  return [line, waiters];
}

loopBehaviour('Line', (it) => {
  it('wakes many one by one, without visiting those that it has woken', async (loop) => {
    const [line, waiters] = lineOf(MANY, loop);

    const woken = inLinearTime(() => waiters.filter(() => line.wake(1) === 1).length);

    assert.is(woken, MANY);
    assert.is(line.wake(1), 0);
  });

  it('skips many that were cancelled, once', async (loop) => {
    const [line, waiters] = lineOf(MANY, loop);
    const last = new Bare(loop);
    for (const waiter of waiters) waiter.cancel();

    assert.ok(inLinearTime(() => waiters.every(() => line.isGivenUp && line.wake(1) === 0)));

    line.join(last);
    assert.not(line.isGivenUp);
    assert.is(line.wake(2), 1);
    assert.not(last._waits);
  });

  it('wakes in order those that neither left nor were cancelled', async (loop) => {
    const [line, [first, second, third, fourth, fifth]] = lineOf(5, loop);

    line.wake(1);
    third?.cancel();
    line.leave(second as Bare);

    assert.is(line.wake(1), 1);
    assert.equal(
      [first, fourth, fifth].map((each) => each?._waits),
      [false, false, true],
    );
    line.leave(first as Bare);
    line.leave(fifth as Bare);
    assert.not(line.isGivenUp);
    line.leave(fourth as Bare);
    assert.ok(line.isGivenUp);
    line.leave(third as Bare);
    assert.ok(line.isGivenUp);
    assert.is(line.size, 0);
  });
});
