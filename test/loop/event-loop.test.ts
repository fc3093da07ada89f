import * as assert from 'uvu/assert';
import {
  getEventLoop,
  getRunningLoop,
  Loop,
  newEventLoop,
  RuntimeError,
  setEventLoop,
} from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const GETTING = 'test_events.py::GetEventLoopTestsMixin::';
const POLICY = 'test_events.py::PolicyTests::';

behaviour('getEventLoop', (it) => {
  it(
    'gives the loop that runs, whatever was said to be the current one',
    async () => {
      const [loop, other] = [newEventLoop(), newEventLoop()];
      setEventLoop(other);

      await loop.runUntilComplete(async () => {
        assert.is(getEventLoop(), loop);
        assert.is(getRunningLoop(), loop);
      });

      assert.is(getEventLoop(), other);
      throws(() => getRunningLoop(), RuntimeError, { message: 'no running event loop' });
      setEventLoop(undefined);
      for (const each of [loop, other]) each.close();
    },
    {
      cpython: [
        `${GETTING}test_get_event_loop_returns_running_loop`,
        `${GETTING}test_get_event_loop_returns_running_loop2`,
      ],
    },
  );

  it(
    'throws, and makes and keeps no loop, while there is none',
    () => {
      for (let n = 0; n < 2; n += 1)
        throws(() => getEventLoop(), RuntimeError, { message: 'There is no current event loop' });
    },
    { cpython: [`${POLICY}test_get_event_loop_does_not_call_set_event_loop`] },
  );

  it(
    'gives the current one while none runs, and makes none',
    () => {
      throws(() => getEventLoop(), RuntimeError, { message: 'There is no current event loop' });
      const loop = newEventLoop();

      setEventLoop(loop);
      assert.is(getEventLoop(), loop);
      setEventLoop(undefined);

      throws(() => getEventLoop(), RuntimeError, { message: 'There is no current event loop' });
      loop.close();
    },
    { cpython: [`${POLICY}test_get_event_loop_after_set_none`, `${POLICY}test_set_event_loop`] },
  );

  it('is told of loops alone', () => {
    throws(() => setEventLoop(7 as never), TypeError, {
      message: 'loop argument must be a Loop or undefined, got 7',
    });
  });
});

behaviour('loop.runForever inside of another loop', (it) => {
  it(
    'is refused, and the loop that runs stays that',
    async () => {
      const loop = newEventLoop();

      await loop.runUntilComplete(async () => {
        const inner = newEventLoop();
        await rejects(inner.runForever(), RuntimeError);
        inner.close();

        assert.is(getRunningLoop(), loop);
      });

      loop.close();
    },
    { cpython: [`${GETTING}test_get_running_loop_already_running`] },
  );
});

behaviour('loop.callSoonThreadsafe', (it) => {
  const CALLS = 'test_events.py::EventLoopTestsMixin::test_call_soon_threadsafe_handle_';

  it(
    'has a callback that cancels its own handle run to its end',
    async () => {
      const loop = newEventLoop();
      const results: string[] = [];
      const handle = loop.callSoonThreadsafe((arg: string) => {
        handle.cancel();
        results.push(arg);
        loop.stop();
      }, 'hello');

      await loop.runForever();

      assert.ok(handle.cancelled());
      assert.equal(results, ['hello']);
      loop.close();
    },
    { cpython: [`${CALLS}cancel_same_thread`] },
  );
});

behaviour('newEventLoop', (it) => {
  it(
    'makes a loop, each time another',
    () => {
      const loops = [newEventLoop(), newEventLoop()];

      assert.instance(loops[0], Loop);
      assert.is.not(loops[0], loops[1]);
      for (const loop of loops) loop.close();
    },
    { cpython: [`${POLICY}test_new_event_loop`] },
  );
});
