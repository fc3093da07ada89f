import * as assert from 'uvu/assert';
import { CancelledError, createTask, sleep } from '../../../src/index.ts';
import { staggeredRace } from '../../../src/transports/connect/staggered-race.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const never = (): never => assert.unreachable('nothing was to be discarded') as never;

/** An attempt that takes so many seconds and gives `value`; notes in `log` what becomes of it. */
function attempt(log: string[], value: string | undefined, seconds: number) {
  return async (): Promise<string | undefined> => {
    log.push(`begin ${value}`);
    try {
      await sleep(seconds);
    } catch (error) {
      log.push(`cancel ${value}`);
      throw error;
    }
    return value;
  };
}

loopBehaviour('staggeredRace', (it) => {
  it('begins one attempt, and no other where that is quick', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 0.1), attempt(log, 'two', 0.1)];

    assert.is(await staggeredRace(loop, race, 0.25, never), 'one');

    assert.equal(log, ['begin one']);
  });

  it('begins the next when one takes too long, and cancels those that lose', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 9), attempt(log, 'two', 0.1), attempt(log, 'three', 0)];
    const begin = loop.time();

    assert.is(await staggeredRace(loop, race, 0.25, never), 'two');

    assert.equal(log, ['begin one', 'begin two', 'cancel one']);
    assert.ok(Math.abs(loop.time() - begin - 0.35) < 0.001);
  });

  it('begins the next at once when one fails, and gives nothing when all do', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, undefined, 0.1), attempt(log, undefined, 0.1)];
    const begin = loop.time();

    assert.is(await staggeredRace(loop, race, 5, never), undefined);

    assert.ok(Math.abs(loop.time() - begin - 0.2) < 0.001);
    assert.is(await staggeredRace(loop, [], 5, never), undefined);
  });

  it('discards what another gave in the same turn', async (loop) => {
    const late: string[] = [];
    const race = ['one', 'two'].map((value, at) => async () => {
      await sleep(0.5 - at * 0.25);
      return value;
    });

    const won = await staggeredRace(loop, race, 0.25, (value) => void late.push(value));

    assert.equal([won, ...late].sort(), ['one', 'two']);
  });

  it('throws what an attempt throws, the others cancelled', async (loop) => {
    const log: string[] = [];
    const odd = async (): Promise<never> => {
      throw new RangeError('odd');
    };

    await rejects(staggeredRace(loop, [attempt(log, 'one', 9), odd], 0.25, never), RangeError);

    assert.equal(log, ['begin one', 'cancel one']);
  });

  it('cancels all attempts when it is cancelled', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 9), attempt(log, 'two', 9)];
    const racing = createTask(() => staggeredRace(loop, race, 0.25, never));
    await sleep(1);

    racing.cancel();
    await rejects(racing, CancelledError);
    await sleep(0);

    assert.equal(log, ['begin one', 'begin two', 'cancel one', 'cancel two']);
  });
});
