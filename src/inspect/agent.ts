import { putAside, putBack } from '../core/context/promise-hooks.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { AGENT_VERSION } from './data.ts';
import { addLoop } from './open-loops.ts';

/** Where a debugger finds this library in a process: an {@link Agent}. */
const AGENT = Symbol.for('asyncio-ts.inspect');

/** What a process answers to those who look at it from outside. */
interface Agent {
  /** The version of what can be asked. */
  readonly version: number;
  /** Answers a question, see `answer.ts`. */
  ask(question: string): Promise<string>;
}

async function answer(question: string): Promise<string> {
  return await (await import('./answer.ts')).answer(question);
}

/** Has snapshots show `loop`, and lets debuggers take them. */
export function makeVisible(loop: LoopCore): void {
  addLoop(loop);
  if (AGENT in globalThis) return;
  const agent: Agent = {
    version: AGENT_VERSION,
    // Not loaded before somebody asks.
    ask(question) {
      // A debugger interrupts whatever runs: the answer is no part of that.
      const aside = putAside();
      try {
        return answer(question);
      } finally {
        putBack(aside);
      }
    },
  };
  Object.defineProperty(globalThis, AGENT, { value: agent, configurable: true });
}
