import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../inspect/printable.ts';
import { AGENT_VERSION } from '../../inspect/snapshot/data.ts';
import type { DebuggerSession, WorkerSession } from './debugger-session.ts';
import { Failure } from './failure.ts';
import { checkIsNode } from './node-process.ts';
import { JOIN, openSession, STEPS } from './open-session.ts';
import { patiently, soon } from './soon.ts';
import { type Ask, ofEach, type Target } from './target.ts';

/** How often to check for an answer, in milliseconds. */
const POLL = 2;

/** How many functions of a busy process are named. */
const FRAMES = 5;

const AGENT = `globalThis[Symbol.for('asyncio-ts.inspect')]`;

/**
 * Connects to a process through Node's inspector, which SIGUSR1 opens on a loopback port.
 *
 * The process closes it when this program has ended or was killed.
 *
 * @throws {Failure} when that is not possible
 */
export async function attach(pid: number): Promise<Target> {
  checkIsNode(pid);
  const session = await openSession(pid, STEPS);
  const check = async (): Promise<void> => {
    await inTime(session.evaluate(JOIN), pid);
  };
  return {
    check,
    async threads() {
      await check();
      const threads = [session, ...(await inTime(session.workers(), pid))];
      const all = await ofEach(threads, (thread) => askerOf(thread, pid));
      const known = all.filter((ask) => ask !== undefined);
      if (known.length === 0) throw new Failure(`process ${pid} does not run asyncio-ts`);
      return known;
    },
    async close() {
      // It may be stopped.
      await soon(session.close());
    },
  };
}

/** `undefined` if the thread has no loop. */
async function askerOf(
  thread: DebuggerSession | WorkerSession,
  pid: number,
): Promise<Ask | undefined> {
  // A worker thread may be blocked by native code.
  const version = await soon(thread.evaluate(`${AGENT}?.version`));
  if (!version) return undefined;
  if (version !== AGENT_VERSION)
    throw new Failure(
      `process ${pid} runs another version of asyncio-ts (expected ${AGENT_VERSION}, got ${version})`,
    );
  const send: Ask = async (question) => {
    const number = await thread.evaluate(`${AGENT}.ask('${question}')`);
    for (;;) {
      const answer = await thread.evaluate(`${AGENT}.take(${number})`);
      if (answer !== undefined) return String(answer);
      await sleep(POLL);
    }
  };
  const checkFree = async (): Promise<void> => {
    if ((await soon(send('version'))) !== undefined) return;
    // The first two lines are the error and this expression.
    const [, , ...frames] = String(await soon(thread.evaluate('new Error().stack'))).split('\n');
    const lines = [`process ${pid} does not respond: it is busy`, ...frames.slice(0, FRAMES)];
    throw new Failure(printable(lines).join('\n'));
  };
  // Also loads the code that answers, in a turn of its own.
  await checkFree();
  return async (question) => await patiently(send(question), checkFree);
}

/** @throws {Failure} when there is no answer in time */
async function inTime<T>(answer: Promise<T>, pid: number): Promise<T> {
  const value = await soon(answer);
  if (value === undefined) throw new Failure(`process ${pid} does not respond`);
  return value;
}
