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
    'returns the running loop, whatever loop was set as current',
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
    'throws if there is no loop, and creates none',
    () => {
      for (let n = 0; n < 2; n += 1)
        throws(() => getEventLoop(), RuntimeError, { message: 'There is no current event loop' });
    },
    { cpython: [`${POLICY}test_get_event_loop_does_not_call_set_event_loop`] },
  );

  it(
    'returns the current loop if none is running, and creates none',
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

  it('returns only loops: anything else cannot be set', () => {
    throws(() => setEventLoop(7 as never), TypeError, {
      message: 'loop must be a Loop or undefined, got 7',
    });
  });
});

behaviour('loop.runForever inside another loop', (it) => {
  it(
    'is refused, and the running loop stays the same',
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
    'runs a callback to its end even if it cancels its own handle',
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
    'creates a new loop on each call',
    () => {
      const loops = [newEventLoop(), newEventLoop()];

      assert.instance(loops[0], Loop);
      assert.is.not(loops[0], loops[1]);
      for (const loop of loops) loop.close();
    },
    { cpython: [`${POLICY}test_new_event_loop`] },
  );
});
