import { log } from '../base/log/log.ts';
import { workerThreads } from '../base/node-modules.ts';
import { repr } from '../base/printing/repr.ts';
import { putAside, putBack } from '../core/context/promise-hooks.ts';
import { type Explainer, explainBy } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { AGENT_VERSION } from './snapshot/data.ts';
import { addLoop } from './snapshot/open-loops.ts';

/** Where a debugger finds this library in a process: an {@link Agent}. */
const AGENT = Symbol.for('asyncio-ts.inspect');

/** What a process answers to those who look at it from outside. */
interface Agent {
  /** The version of what can be asked. */
  readonly version: number;
  /** Answers a question, see `answer.ts`. */
  ask(question: string): Promise<string>;
}

let loaded: typeof import('./on-demand.ts') | undefined;

/** Loads what is not needed before somebody asks; the second time it takes a microtask. */
async function load(): Promise<typeof import('./on-demand.ts')> {
  loaded ??= await import('./on-demand.ts');
  return loaded;
}

async function answer(question: string): Promise<string> {
  return await (await load()).answer(question);
}

async function listenAt(path: string): Promise<void> {
  try {
    await (await load()).Listener.open(path);
  } catch (error) {
    log(`ASYNCIO_INSPECT: cannot listen at ${repr(path)}: ${(error as Error).message}`, 'warn');
  }
}

async function explain(...args: Parameters<Explainer>): Promise<void> {
  await (await load()).explainEnding(...args);
}

/** Has snapshots show `loop`, and lets debuggers take them. */
export function makeVisible(loop: LoopCore): void {
  addLoop(loop);
  explainBy(explain);
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
  const path = process.env['ASYNCIO_INSPECT'];
  if (path && workerThreads().isMainThread)
    void listenAt(path.replaceAll('{pid}', String(process.pid)));
}
