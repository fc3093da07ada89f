/**
 * Cancels at every turn around the completion of what is waited for: no cancel is lost, and nothing
 * is left waiting.
 */
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  asCompleted,
  createTask,
  type Future,
  gather,
  type Loop,
  shield,
  sleep,
  type Task,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** The turns before, at and after its completion in which a wait is cancelled. */
const TURNS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/** After so many turns nothing moves any more that was ever going to. */
const AT_REST = 20;

/** What waits for `work`, and does it give the result of it, or pass its failure on? */
interface Wait {
  wait(work: Future<string>): PromiseLike<unknown>;
  /** What becomes of `work` when the wait is cancelled first; by default it is cancelled. */
  spares?: true;
}

/** A task that waits for `work`. */
function taskOf(work: Future<string>): Task<string> {
  return createTask(async () => await work);
}

const waits: Record<string, Wait> = {
  'a future': { wait: (work) => work },
  'a task': { wait: (work) => taskOf(work) },
  gather: { wait: (work) => gather(work, taskOf(work)) },
  'gather of failures': { wait: (work) => gather(taskOf(work), work, { returnExceptions: true }) },
  shield: { wait: (work) => shield(work), spares: true },
  wait: { wait: (work) => wait([work]), spares: true },
  'waitFor a future': { wait: (work) => waitFor(work, 100) },
  'waitFor a task': { wait: (work) => waitFor(taskOf(work), 100) },
  'waitFor without limit': { wait: (work) => waitFor(async () => await work, undefined) },
  timeout: { wait: (work) => timeout(100, () => work) },
  'a timeout in a timeout': { wait: (work) => timeout(100, () => timeout(50, () => work)) },
  'asCompleted, one by one': {
    wait: async (work) => {
      for (const next of asCompleted([work])) await next;
    },
    spares: true,
  },
  'asCompleted, asynchronously': {
    wait: async (work) => {
      for await (const future of asCompleted([work])) await future;
    },
    spares: true,
  },
  'the body of a group': { wait: (work) => taskGroup(() => work) },
  'a task of a group': {
    wait: (work) => taskGroup(async (group) => void group.createTask(async () => await work)),
  },
  'a group in a group': {
    wait: (work) =>
      taskGroup(async (outer) => {
        outer.createTask(async () => await work);
        await taskGroup(async (inner) => void inner.createTask(async () => await work));
      }),
  },
};

const completions: Record<string, (work: Future<string>) => void> = {
  result: (work) => work.setResult('done'),
  failure: (work) => work.setException(new RangeError('failed')),
};

/** One task waits, is cancelled in a turn, and what it waits for is completed in another. */
async function around(
  loop: Loop,
  { wait, spares }: Wait,
  complete: (work: Future<string>) => void,
  plan: { cancelAt: number; completeAt: number; cancelFirst: boolean },
): Promise<void> {
  const { cancelAt, completeAt, cancelFirst } = plan;
  const where = inspect(plan);
  const work = loop.createFuture<string>();
  let went = '';
  const one = createTask(async () => {
    try {
      await wait(work);
      went = 'on';
    } catch (error) {
      went = (error as Error).name;
      throw error;
    }
  });
  let asked = false;
  for (let turn = 0; turn < AT_REST; turn += 1) {
    if (turn === cancelAt && cancelFirst) asked = one.cancel();
    if (turn === completeAt && !work.done()) complete(work);
    if (turn === cancelAt && !cancelFirst) asked = one.cancel();
    await sleep(0);
  }

  assert.ok(one.done(), `left waiting: ${where}`);
  assert.ok(work.done(), `not completed: ${where}`);
  if (asked && !one.cancelled()) {
    // What failed before the cancel came may be told in its place, but nobody may go on.
    assert.ok(complete === completions['failure'], `the cancel is lost: ${where}`);
    assert.is.not(one.exception(), undefined, `the cancel is lost: ${where}`);
    assert.is(one.cancelling(), 1, `the cancel is not counted: ${where}`);
  }
  if (!asked) assert.not(one.cancelled(), where);
  if (asked && one.cancelled()) assert.not(went === 'on', where);
  if (cancelAt > 2 && cancelAt + 3 < completeAt) assert.is(work.cancelled(), !spares, where);
  if (!work.cancelled()) work.exception();
  if (!one.cancelled()) one.exception();
}

loopBehaviour('A cancel at any turn', (it) => {
  for (const [name, how] of Object.entries(waits))
    for (const [ending, complete] of Object.entries(completions))
      it(`is never lost by ${name} before, at and after its ${ending}`, async (loop, scene) => {
        const plans = TURNS.flatMap((cancelAt) =>
          TURNS.flatMap((completeAt) =>
            [true, false].map((cancelFirst) => ({ cancelAt, completeAt, cancelFirst })),
          ),
        );

        // Side by side: their turns are the same.
        await gather(...plans.map((plan) => () => around(loop, how, complete, plan)));

        // A failure that comes when its shield was cancelled is told: that is no loss.
        const reports = scene.reports.filter(
          ({ message }) => message !== 'RangeError exception in shielded future',
        );
        assert.equal(reports, []);
        assert.is([...loop._tasks].length, 1);
      });
});
