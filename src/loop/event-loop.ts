import { RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { currentScope } from '../core/context/context.ts';
import { requireEventLoop, runningLoop, setCurrentLoop } from '../core/turns/running-loop.ts';
import { Loop } from './loop.ts';

/**
 * Creates a loop.
 *
 * @see asyncio's `new_event_loop()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.new_event_loop
 */
export function newEventLoop(): Loop {
  return new Loop();
}

/**
 * The running loop.
 *
 * @throws {RuntimeError} when no loop is running
 * @see asyncio's `get_running_loop()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_running_loop
 */
export function getRunningLoop(): Loop {
  const loop = runningLoop() ?? currentScope()?._needsLoop();
  if (loop === undefined) throw new RuntimeError('no running event loop');
  return loop as Loop;
}

/**
 * The running loop; otherwise the one set by {@link setEventLoop}.
 *
 * @throws {RuntimeError} when there is neither
 * @see asyncio's `get_event_loop()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop
 */
export function getEventLoop(): Loop {
  return requireEventLoop() as Loop;
}

/**
 * Sets the loop that `getEventLoop()` returns while none is running; `undefined` for none.
 *
 * @throws {TypeError} when `loop` is not a loop
 * @see asyncio's `set_event_loop()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.set_event_loop
 */
export function setEventLoop(loop: Loop | undefined): void {
  if (loop !== undefined && !(loop instanceof Loop))
    throw typeError(`loop must be a Loop or undefined, got ${brief(loop)}`);
  setCurrentLoop(loop);
}
