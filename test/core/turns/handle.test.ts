import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { ContextVar, copyContext, sleep } from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';

function noop(..._args: unknown[]): void {}

loopBehaviour('Handle.cancel', (it) => {
  it(
    'forgets the callback and the arguments, and can be called again',
    async (loop) => {
      const handle = loop.callSoon(noop, { big: true });

      assert.is(handle.cancelled(), false);
      handle.cancel();
      handle.cancel();

      assert.is(handle.cancelled(), true);
      assert.is(handle._callback, undefined);
      assert.equal(handle._args, []);
    },
    { cpython: ['test_events.py::HandleTests::test_handle'] },
  );

  it('does nothing if the callback has already run', async (loop) => {
    const calls: number[] = [];
    const handle = loop.callSoon(() => calls.push(1));
    await sleep(0);

    handle.cancel();
    await sleep(0);

    assert.equal(calls, [1]);
  });
});

loopBehaviour('Handle.getContext', (it) => {
  it('returns the copy of the context in which it was created and runs', async (loop) => {
    const variable = new ContextVar<number>('n');
    variable.set(1);
    const seen: unknown[] = [];

    const handle = loop.callSoon(() => {
      seen.push(variable.get());
      variable.set(3);
    });
    variable.set(2);
    await sleep(0);

    assert.equal(seen, [1]);
    assert.is(handle.getContext().get(variable), 3);
    assert.is(variable.get(), 2);
    assert.is(copyContext().get(variable), 2);
  });
});

loopBehaviour('String(handle)', (it) => {
  it(
    'names the callback, without the arguments',
    async (loop) => {
      const handle = loop.callSoon(noop, 'secret');
      const timer = loop.callLater(5, noop, 'secret');

      assert.is(String(handle), '<Handle noop()>');
      assert.is(inspect(handle), '<Handle noop()>');
      assert.is(String(timer), '<TimerHandle when=1005 noop()>');
      handle.cancel();
      timer.cancel();
      assert.is(String(handle), '<Handle cancelled>');
      assert.is(String(timer), '<TimerHandle cancelled when=1005>');
    },
    {
      cpython: [
        'test_events.py::HandleTests::test_handle_repr',
        'test_events.py::TimerTests::test_timer_repr',
      ],
    },
  );

  it(
    'shows the arguments and the place of creation in debug mode, even after a cancel',
    async (loop) => {
      const handle = loop.callSoon(noop, 1, 'two');
      const form = /noop\(1, 'two'\) created at test\/core\/turns\/handle\.test\.ts:\d+>$/;

      assert.match(String(handle), new RegExp(`^<Handle ${form.source}`));
      handle.cancel();
      assert.match(String(handle), new RegExp(`^<Handle cancelled ${form.source}`));
    },
    {
      debug: true,
      cpython: [
        'test_events.py::HandleTests::test_handle_repr_debug',
        'test_events.py::TimerTests::test_timer_repr_debug',
        'test_events.py::HandleTests::test_handle_source_traceback',
      ],
    },
  );

  it('shows that a function has no name', async (loop) => {
    const handle = loop.callSoon(() => {});

    assert.is(String(handle), '<Handle <anonymous>()>');
  });

  it(
    'does not fail if an argument cannot be printed',
    async (loop) => {
      class Unprintable {
        toString(): string {
          throw new Error('no');
        }
      }

      const handle = loop.callSoon(noop, new Unprintable());

      assert.match(String(handle), /^<Handle noop\(<Unprintable instance>\) /);
    },
    { debug: true },
  );
});

loopBehaviour('Handle.cancel', (it) => {
  it('within the callback leaves the report of its failure without a name, as in CPython', async (loop, scene) => {
    const handle = loop.callSoon(() => {
      handle.cancel();
      throw new Error('on purpose');
    });
    await sleep(1);

    assert.equal(
      scene.reports.map(({ message }) => message),
      ['Exception in callback None()'],
    );
  });
});

loopBehaviour('TimerHandle.cancel', (it) => {
  it('does not change the time of other timers', async (loop) => {
    const calls: number[] = [];
    const timers = [3, 1, 2].map((delay) => loop.callLater(delay, () => calls.push(delay)));

    timers[1]?.cancel();
    await sleep(10);

    assert.equal(calls, [2, 3]);
  });
});
