import * as assert from 'uvu/assert';
import {
  type Context,
  ContextVar,
  copyContext,
  enter,
  Future,
  Lock,
  Semaphore,
} from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a program without types may give
const wrong = (value: unknown): any => value;

loopBehaviour('a function that is given', (it) => {
  it('is refused at the door where it is none', async () => {
    const lock = new Lock();
    const doors: Record<string, () => unknown> = {
      body: () => lock.with(wrong(5)),
      'callback of a future': () => new Future().addDoneCallback(wrong(5)),
      'callback of Context.run': () => copyContext().run(wrong(5)),
      'callback of Context.bind': () => copyContext().bind(wrong(5)),
      'body of a semaphore': () => new Semaphore(1).with(wrong(5)),
    };

    for (const [name, door] of Object.entries(doors)) {
      const [word] = name.split(' ');
      assert.throws(door, (error: unknown) => {
        assert.instance(error, TypeError);
        assert.is((error as Error).message, `${word} must be a function, got 5`, name);
        return true;
      });
    }
    assert.not(lock.locked());
  });
});

loopBehaviour('a context that is given', (it) => {
  it('is refused at the door where it is none, and no task is made', async (loop) => {
    const context: Context = wrong({});
    const message = 'context must be a Context, got {}';

    assert.throws(() => loop.createTask(async () => {}, { context }), message);
    await rejects(
      enter(async () => {}, { context }),
      TypeError,
      { message },
    );
    assert.is(loop._tasks.size, 1);
  });
});

behaviour('ContextVar', (it) => {
  it('refuses a name that is no text, and a default that is no option', () => {
    assert.throws(() => new ContextVar(wrong(undefined)), /name must be a str, got None/);
    assert.throws(() => new ContextVar('name', wrong(5)), /options must be an object.*, got 5/);
  });
});
