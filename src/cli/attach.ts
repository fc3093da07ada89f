import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_VERSION, type Snapshot } from '../inspect/data.ts';
import { DebuggerSession, type WorkerSession } from './debugger-session.ts';
import { Failure } from './failure.ts';
import { checkIsNode, inspectPort, listeningPorts } from './node-process.ts';
import { snapshotBy, type Target } from './target.ts';

/** How long a process may take to open its inspector, in milliseconds. */
const PATIENCE = 5000;
/** It is looked for so often, in milliseconds. */
const POLL = 10;
/** The inspector is closed by the process itself when it hears nothing for so long, in milliseconds. */
const WATCHDOG = 10_000;

const AGENT = `globalThis[Symbol.for('asyncio-ts.inspect')]`;
const INSPECTOR = `process.getBuiltinModule('node:inspector')`;
const TIMER = `globalThis[Symbol.for('asyncio-ts.inspect.watchdog')]`;

/**
 * Connects to a process by Node's inspector, which SIGUSR1 opens on a loopback port.
 *
 * The process closes it again by itself when it hears nothing for ten seconds, as when this program is
 * killed.
 *
 * @throws {Failure} when that is not possible
 */
export async function attach(pid: number): Promise<Target> {
  checkIsNode(pid);
  const { url, isOurs } = await openInspector(pid);
  const session = await DebuggerSession.open(url);
  if (isOurs)
    await session.evaluate(
      `void (${TIMER} = setTimeout(() => ${INSPECTOR}.close(), ${WATCHDOG}).unref())`,
    );
  const stay = async (): Promise<void> => {
    await session.evaluate(isOurs ? `void ${TIMER}.refresh()` : '0');
  };
  return {
    stay,
    async snapshots() {
      await stay();
      const all: Snapshot[] = [];
      for (const thread of [session, ...(await session.workers())]) {
        const one = await snapshotOf(thread, pid);
        if (one !== undefined) all.push(one);
      }
      if (all.length === 0) throw new Failure(`process ${pid} does not run asyncio-ts`);
      return all;
    },
    async close() {
      if (isOurs)
        // Not before it has answered: it waits until nobody is connected.
        await session.evaluate(
          `void (clearTimeout(${TIMER}), delete ${TIMER}, setImmediate(() => ${INSPECTOR}.close()))`,
        );
      await session.close();
    },
  };
}

async function openInspector(pid: number): Promise<{ url: string; isOurs: boolean }> {
  const before = listeningPorts(pid);
  // It may be open already: then nothing happens, and it stays so.
  for (let waited = 0; waited < PATIENCE; waited += POLL) {
    // And again: somebody who looks into another process may have its port for a moment.
    if (waited % 1000 === 0) process.kill(pid, 'SIGUSR1');
    for (const port of listeningPorts(pid)) {
      const url = before.has(port) ? undefined : await inspectorAt(port);
      if (url !== undefined) return { url, isOurs: true };
    }
    // The other ports are the program's: nobody connects to those.
    const open = inspectPort(pid);
    const url = before.has(open) ? await inspectorAt(open) : undefined;
    if (url !== undefined) return { url, isOurs: false };
    await sleep(POLL);
  }
  throw new Failure(
    `process ${pid} has not opened its inspector: its port, ${inspectPort(pid)}, may be taken, ` +
      'or the program handles SIGUSR1 itself',
  );
}

/** The WebSocket of the inspector at a port; `undefined` where there is none. */
async function inspectorAt(port: number): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`, {
      signal: AbortSignal.timeout(1000),
    });
    const [first] = (await answer.json()) as { webSocketDebuggerUrl?: string }[];
    return first?.webSocketDebuggerUrl;
  } catch {
    return undefined;
  }
}

async function snapshotOf(
  thread: DebuggerSession | WorkerSession,
  pid: number,
): Promise<Snapshot | undefined> {
  const version = await thread.evaluate(`${AGENT}?.version`);
  if (version === undefined) return undefined;
  if (version !== AGENT_VERSION)
    throw new Failure(
      `process ${pid} runs another version of asyncio-ts (expected ${AGENT_VERSION}, got ${version})`,
    );
  return await snapshotBy(async (question) => {
    return String(await thread.evaluate(`${AGENT}.ask('${question}')`));
  });
}
