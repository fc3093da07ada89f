import * as assert from 'uvu/assert';
import { Failure, ThreadEnded } from '../../src/cli/process/failure.ts';
import { type Ask, fetchPieces, snapshotsOf, type Target } from '../../src/cli/process/target.ts';
import * as asyncio from '../../src/index.ts';
import { answer } from '../../src/inspect/answer.ts';
import type { Snapshot } from '../../src/inspect/snapshot/data.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

/** A process with these threads. */
function processWith(...threads: Ask[]): Target {
  return { threads: async () => threads, check: async () => {}, close: async () => {} };
}

/** A thread that does `other` when it is asked for a piece. */
function thread(other: (question: string) => string): Ask {
  return async (question) => (question === 'snapshot' ? '1' : other(question));
}

/** A thread that has one piece to say. */
function saying(text: string): Ask {
  const pieces = [text, ''];
  return thread(() => pieces.shift() as string);
}

loopBehaviour('snapshotsOf', (it) => {
  it('omits a thread that has ended, and no other', async () => {
    const ended = thread(() => {
      throw new ThreadEnded('the thread has ended');
    });
    assert.equal(await snapshotsOf(processWith(saying('[1]'), ended, saying('[2]'))), [[1], [2]]);

    const silent = thread(() => {
      throw new Failure('process 1 does not respond');
    });
    await rejects(snapshotsOf(processWith(saying('[1]'), silent)), Failure, {
      message: 'process 1 does not respond',
    });
    for (const text of ['', '[1'])
      await rejects(snapshotsOf(processWith(saying(text), saying('[2]'))), Failure, {
        message: /^an answer of the process is not JSON: /,
      });
  });

  it('fails if the process has dropped the answer in favour of newer ones', async () => {
    const pieces = fetchPieces(answer, 'snapshot');
    assert.is.not((await pieces.next()).done, true);
    for (let others = 0; others < 20; others += 1) await answer('snapshot');
    await rejects(pieces.next(), Error, { message: /^answer \d+ has been dropped$/ });
  });

  it('gets the tasks of a process that describes at most 200 before it converts them to JSON', async () => {
    let [described, most] = [0, 0];
    const getName = (): unknown => {
      described += 1;
      most = Math.max(most, described);
      const toJSON = (): string => {
        described -= 1;
        return 'one of many';
      };
      return { toJSON };
    };
    const never = new asyncio.Event();
    const tasks = Array.from({ length: 450 }, () => asyncio.createTask(() => never.wait()));
    for (const task of tasks) Object.assign(task, { getName });
    await asyncio.sleep(0);

    await answer('snapshot');

    assert.ok(most > 100 && most <= 200, `${most}`);
    const [{ loops }] = (await snapshotsOf(processWith(answer))) as [Snapshot];
    const names = loops.flatMap((loop) => loop.tasks.map(({ name }) => name));
    assert.is(names.filter((name) => name === 'one of many').length, tasks.length);
    never.set();
    await asyncio.wait(tasks);
  });
});
