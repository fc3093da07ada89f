import { RuntimeError } from '../../base/errors/errors.ts';
import { numberOf, printsAsText } from '../../base/printing/inspect.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';

/**
 * The base of objects that belong to a loop from the first time a task has to wait for them. They
 * can be created before any loop runs.
 *
 * @see asyncio's `mixins._LoopBoundMixin`, `Lib/asyncio/mixins.py`
 */
export abstract class LoopBound {
  static {
    printsAsText(this);
  }

  /** The loop whose tasks have waited for it, if any. */
  #loop: LoopCore | undefined;

  /**
   * @internal the loop to wait on: the running one
   *
   * @throws {RuntimeError} when tasks of another loop have waited for it
   */
  _getLoop(): LoopCore {
    const loop = requireRunningLoop();
    this.#loop ??= loop;
    if (loop !== this.#loop) throw new RuntimeError(`${this} is bound to a different event loop`);
    return loop;
  }

  /** As Python prints it. */
  abstract toString(): string;
}

/**
 * Prints a primitive like Python: `<asyncio.locks.Lock object at 0x1 [unlocked, waiters:2]>`.
 *
 * In place of the address there is a unique number, because JavaScript objects have no address.
 *
 * @param extra - the text in the brackets
 */
export function printPrimitive(primitive: object, extra: string): string {
  const { name } = primitive.constructor;
  return `<asyncio.locks.${name} object at 0x${numberOf(primitive).toString(16)} [${extra}]>`;
}
