import { log } from '../base/log/log.ts';
import { workerThreads } from '../base/node-modules.ts';
import { repr } from '../base/printing/repr.ts';
import { putAside, putBack } from '../core/context/promise-hooks.ts';
import { type Explainer, explainBy } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { AGENT_VERSION } from './snapshot/data.ts';
import { addLoop } from './snapshot/open-loops.ts';

/** The key under which a debugger finds this library's {@link Agent} in a process. */
const AGENT = Symbol.for('asyncio-ts.inspect');

/** Answers requests from outside the process. */
interface Agent {
  /** The version of the protocol. */
  readonly version: number;
  /** Answers a request; see `answer.ts`. */
  ask(question: string): Promise<string>;
}

let loaded: typeof import('./on-demand.ts') | undefined;

/** Loads code that is only needed on request. After the first time, it takes a microtask. */
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

/** Makes snapshots include `loop`, and lets debuggers take them. */
export function makeVisible(loop: LoopCore): void {
  addLoop(loop);
  explainBy(explain);
  if (AGENT in globalThis) return;
  const agent: Agent = {
    version: AGENT_VERSION,
    // Loaded on demand.
    ask(question) {
      // A debugger interrupts arbitrary code, whose context the answer must not use.
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
