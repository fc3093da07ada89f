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
    { cpython: [`${GETTING}test_get_event_loop_returns_running_loop2`] },
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
