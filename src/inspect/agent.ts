import { log } from '../base/log/log.ts';
import { workerThreads } from '../base/node-modules.ts';
import { setImmediate } from '../base/node-timers.ts';
import { repr } from '../base/printing/repr.ts';
import { type Explainer, explainBy } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { AGENT_VERSION } from './snapshot/data.ts';
import { addLoop } from './snapshot/open-loops.ts';

/** The key under which a debugger finds this library's {@link Agent} in a process. */
const AGENT = Symbol.for('asyncio-ts.inspect');

/**
 * Answers requests from outside the process.
 *
 * A debugger may call it in the middle of other code, even of this library. So these functions create no promises, for
 * which hooks would be called, and the answer is made in a turn of its own.
 */
interface Agent {
  /** The version of the protocol. */
  readonly version: number;
  /** Begins to answer a request, see `answer.ts`, and returns a number. */
  ask(question: string): number;
  /** Returns the answer with that number, or throws its error, once; `undefined` while there is none. */
  take(number: number): string | undefined;
}

/** How many answers are kept until they are taken; older ones are dropped. */
const MOST_ANSWERS = 20;

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
  const answers = new Map<number, () => string>();
  let last = 0;
  const agent: Agent = {
    version: AGENT_VERSION,
    ask(question) {
      last += 1;
      const number = last;
      setImmediate(() => {
        answer(question).then(
          (text) => answers.set(number, () => text),
          (error) =>
            answers.set(number, () => {
              throw error;
            }),
        );
      });
      answers.delete(number - MOST_ANSWERS);
      return number;
    },
    take(number) {
      const taken = answers.get(number);
      answers.delete(number);
      return taken?.();
    },
  };
  Object.defineProperty(globalThis, AGENT, { value: agent, configurable: true });
  const path = process.env['ASYNCIO_INSPECT'];
  if (path && workerThreads().isMainThread)
    void listenAt(path.replaceAll('{pid}', String(process.pid)));
}
