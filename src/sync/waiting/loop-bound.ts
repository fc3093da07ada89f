import { RuntimeError } from '../../base/errors/errors.ts';
import { numberOf, printsAsText } from '../../base/printing/inspect.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';

/**
 * What belongs to a loop from the moment when somebody first has to wait in it. It can be made
 * before any loop runs.
 *
 * @see asyncio's `mixins._LoopBoundMixin`, `Lib/asyncio/mixins.py`
 */
export abstract class LoopBound {
  static {
    printsAsText(this);
  }

  /** Where somebody has waited; none before. */
  #loop: LoopCore | undefined;

  /**
   * @internal the loop to wait on: the one that runs
   *
   * @throws {RuntimeError} when somebody has waited on another one
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
 * Prints a primitive as Python does: `<asyncio.locks.Lock object at 0x1 [unlocked, waiters:2]>`.
 *
 * Where Python has the address, a unique number is printed: JavaScript objects have
 * no address.
 *
 * @param extra - the text in the brackets
 */
export function printPrimitive(primitive: object, extra: string): string {
  const { name } = primitive.constructor;
  return `<asyncio.locks.${name} object at 0x${numberOf(primitive).toString(16)} [${extra}]>`;
}
