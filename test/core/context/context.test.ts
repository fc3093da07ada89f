import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import {
  Context,
  ContextVar,
  copyContext,
  createTask,
  currentTask,
  RuntimeError,
  sleep,
} from '../../../src/index.ts';
import { runFile } from '../../support/child.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { throws } from '../../support/throws.ts';

loopBehaviour('ContextVar', (it) => {
  it('has a value for each task', async () => {
    const variable = new ContextVar<string>('who');
    const seen: string[] = [];
    const worker = (name: string) => async () => {
      variable.set(name);
      for (let n = 0; n < 3; n += 1) {
        await sleep(0);
        seen.push(`${name} sees ${variable.get()}`);
      }
    };

    variable.set('main');
    await Promise.all([createTask(worker('a')), createTask(worker('b'))]);

    assert.equal(seen, ['a sees a', 'b sees b', 'a sees a', 'b sees b', 'a sees a', 'b sees b']);
    assert.is(variable.get(), 'main');
  });

  it('has, in a task, the value from when the task was created', async () => {
    const variable = new ContextVar<number>('n');
    variable.set(1);

    const task = createTask(async () => variable.get());
    variable.set(2);

    assert.is(await task, 1);
  });

  it('has, in callbacks, the value from when they were scheduled', async (loop) => {
    const variable = new ContextVar<number>('n');
    const seen: unknown[] = [];
    const note = (): void => void seen.push(variable.get(), currentTask());
    const future = loop.createFuture();

    variable.set(1);
    loop.callSoon(note);
    variable.set(2);
    loop.callLater(1, note);
    variable.set(3);
    future.addDoneCallback(note);
    variable.set(4);
    future.setResult(1);
    await sleep(2);

    assert.equal(seen, [1, undefined, 3, undefined, 2, undefined]);
  });

  it("has, in Node's own callbacks, the value of the code that registered them", async () => {
    const variable = new ContextVar<string>('who', { default: 'nobody' });
    const seen: string[] = [];
    const asking = (name: string) => async () => {
      await sleep(0);
      variable.set(name);
      await sleep(0);
      queueMicrotask(() => seen.push(`${name} sees ${variable.get()}`));
      process.nextTick(() => seen.push(`${name} sees ${variable.get()}`));
      await sleep(0);
    };

    await Promise.all([createTask(asking('a')), createTask(asking('b'))]);

    assert.equal(seen.sort(), ['a sees a', 'a sees a', 'b sees b', 'b sees b']);
    assert.is(variable.get(), 'nobody');
  });

  it.resting("is seen by Node's callbacks after the first set() of the process", async () => {
    const inTask = await runFile('test/core/children/first-variable.ts', { args: ['in a task'] });
    const inRun = await runFile('test/core/children/first-variable.ts', { args: ['in run()'] });

    const all = (who: string, value: string): string[] =>
      ['immediate', 'microtask', 'tick', 'timer'].map((how) => `${who}, ${how}: ${value}`);
    assert.equal([inTask.stderr, inRun.stderr], ['', '']);
    assert.equal(inTask.stdout.trim().split('\n').sort(), [
      ...all('child', 'set'),
      ...all('main', 'nobody'),
      ...all('outside', 'nobody'),
      ...all('setting', 'set'),
      ...all('silent', 'nobody'),
    ]);
    assert.equal(inRun.stdout.trim().split('\n').sort(), [
      'context: nobody',
      ...all('outside', 'nobody'),
    ]);
  });

  it("is no current task in Node's own callbacks", async (loop) => {
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentTask(loop));

    queueMicrotask(note);
    process.nextTick(note);
    await sleep(0);

    assert.equal(seen, [undefined, undefined]);
  });

  it('runs a done callback in the given context', async (loop) => {
    const variable = new ContextVar<number>('n');
    const context = new Context();
    context.run(() => variable.set(7));
    const seen: unknown[] = [];
    const future = loop.createFuture();

    future.addDoneCallback(() => seen.push(variable.get()), { context });
    future.setResult(1);
    await sleep(0);

    assert.equal(seen, [7]);
  });

  const bodies: Readonly<Record<string, (body: () => Promise<void>) => PromiseLike<unknown>>> = {
    'timeout()': (body) => asyncio.timeout(1, body),
    'timeoutAt()': (body) => asyncio.timeoutAt(asyncio.getRunningLoop().time() + 1, body),
    'moveOnAfter()': (body) => asyncio.moveOnAfter(1, body),
    'waitFor()': (body) => asyncio.waitFor(body, 1),
    'shielded()': (body) => asyncio.shielded(1, body),
    'taskGroup()': (body) => asyncio.taskGroup(body),
    'a limit in a limit': (body) => asyncio.timeout(1, () => asyncio.timeout(1, body)),
    'Promise.all()': (body) => Promise.all([asyncio.timeout(1, body), sleep(0)]),
    'a limit whose body cancels itself': (body) =>
      asyncio.timeout(1, async () => {
        const beside = sleep(0).then(() => {});
        currentTask()?.cancel();
        currentTask()?.uncancel();
        await body();
        await beside;
      }),
    'a task that is cancelled by itself beside a call': async (body) => {
      const beside = sleep(0.1);
      const waits = (async () => await beside)().catch(() => {});
      currentTask()?.cancel();
      try {
        await sleep(1);
      } catch {
        currentTask()?.uncancel();
      }
      await body();
      await waits;
    },
  };
  for (const [name, way] of Object.entries(bodies))
    it(`of Context.run() is seen in the body of ${name}`, async () => {
      const variable = new ContextVar<string>('who', { default: 'nobody' });
      const seen: string[] = [];
      const context = copyContext();
      context.run(() => variable.set('the user'));

      await context.run(async () => {
        await way(async () => {
          seen.push(variable.get());
          await sleep(0);
          seen.push(variable.get());
          variable.set('another');
        });
        seen.push(variable.get());
      });

      assert.equal(seen, ['the user', 'the user', 'another']);
      assert.is(variable.get(), 'nobody');
    });

  it('of Context.run() does not keep an abandoned body from being cancelled', async (_loop, {
    settle,
  }) => {
    const variable = new ContextVar<string>('who', { default: 'nobody' });
    const seen: unknown[] = [];
    const { promise, resolve } = foreign();
    const body = async (): Promise<void> => {
      await promise;
      await sleep(0).catch((error) => seen.push(error.name, variable.get()));
    };
    const inContext = (call: () => Promise<void>): Promise<void> => {
      const context = copyContext();
      context.run(() => variable.set('the user'));
      return context.run(call);
    };

    await asyncio.moveOnAfter(1, () => inContext(body));
    await inContext(async () => void (await asyncio.moveOnAfter(1, body)));
    resolve();
    await settle();

    assert.equal(seen, ['CancelledError', 'the user', 'CancelledError', 'the user']);
  });

  it.resting('returns the value, or the argument, or the default', () => {
    const bare = new ContextVar<number>('bare');
    const round = new ContextVar<number>('round', { default: 0 });

    assert.is(round.get(), 0);
    assert.is(round.get(5), 5);
    assert.is(bare.get(5), 5);
    throws(() => bare.get(), ReferenceError, { message: /^<ContextVar name='bare'> has no value/ });
    new Context().run(() => {
      round.set(1);
      assert.is(round.get(5), 1);
    });
  });

  it.resting('is reset to its old value by the token of set()', () => {
    const variable = new ContextVar<number>('n', { default: 0 });
    new Context().run(() => {
      const first = variable.set(1);
      const second = variable.set(2);
      assert.is(second.oldValue, 1);

      variable.reset(second);
      assert.is(variable.get(), 1);
      variable.reset(first);
      assert.is(variable.get(), 0);
      throws(() => variable.reset(first), RuntimeError, {
        message: "<Token used var=<ContextVar name='n'>> has already been used once",
      });
    });
  });

  it.resting('refuses the token of another variable or context, and anything but a token', () => {
    const variable = new ContextVar<number>('n');
    const other = new ContextVar<number>('other');
    const context = new Context();
    const token = context.run(() => variable.set(1));

    throws(() => context.run(() => other.reset(token)), RangeError, {
      message: /was created by a different ContextVar$/,
    });
    throws(() => copyContext().run(() => variable.reset(token)), RangeError, {
      message: /was created in a different Context$/,
    });
    throws(() => variable.reset(undefined as never), TypeError, {
      message: 'expected a Token, got None',
    });
  });
});

loopBehaviour('Context', (it) => {
  it.resting('keeps its values separate from those of its copies', () => {
    const variable = new ContextVar<number>('n');
    const context = new Context();
    context.run(() => variable.set(1));

    const copy = context.copy();
    copy.run(() => variable.set(2));

    assert.equal([context.get(variable), copy.get(variable)], [1, 2]);
    context.run(() => variable.set(3));
    assert.equal([context.get(variable), copy.get(variable)], [3, 2]);
    assert.equal([context.has(variable), context.size, new Context().size], [true, 1, 0]);
  });

  it('does not change the current task', async () => {
    const task = currentTask();

    assert.is(
      new Context().run(() => currentTask()),
      task,
    );
  });

  it.resting('binds a function to itself', () => {
    const variable = new ContextVar<number>('n');
    const context = new Context();
    context.run(() => variable.set(1));

    const add = context.bind((a: number, b: number) => variable.get() + a + b);

    assert.is(add(2, 3), 6);
  });

  it.resting('is printed as text, like variables and tokens', () => {
    const variable = new ContextVar<number>('n');
    const context = new Context();
    const token = context.run(() => variable.set(1));

    for (const object of [context, variable, token]) assert.is(inspect(object), String(object));
  });
});
