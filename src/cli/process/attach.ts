import { setTimeout as sleep } from 'node:timers/promises';
import { attempt } from '../../base/values/attempt.ts';
import { printable } from '../../inspect/printable.ts';
import { AGENT_VERSION } from '../../inspect/snapshot/data.ts';
import { DebuggerSession, type WorkerSession } from './debugger-session.ts';
import { Failure } from './failure.ts';
import { checkIsNode, inspectPort, listeningPorts } from './node-process.ts';
import { PATIENCE, soon } from './soon.ts';
import type { Ask, Target } from './target.ts';

/** How often to check for it, in milliseconds. */
const POLL = 10;
/** How many functions of a busy process are named. */
const FRAMES = 5;
/** How often the process checks whether the commands that look into it still run, in milliseconds. */
const WATCH = 20;

const AGENT = `globalThis[Symbol.for('asyncio-ts.inspect')]`;
/** In the target: the IDs of the processes for which its inspector is open; unset if we did not open it. */
const LOOKERS = `globalThis[Symbol.for('asyncio-ts.inspect.lookers')]`;

/** In the target: adds this process to them. */
const JOIN = `${LOOKERS}?.add(${process.pid}), 0`;

/**
 * In the target: closes its inspector when the last of these processes has ended.
 *
 * Not earlier: if both sides close a connection at the same time, Node 20 to 26 write to freed memory.
 */
const WATCH_LOOKERS = `${LOOKERS} ??= (${watchLookers})(${WATCH}, () => delete ${LOOKERS});`;

/** It is sent as its source text. */
function watchLookers(every: number, forget: () => void): Set<number> {
  const lookers = new Set<number>();
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const isThere = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
    try {
      // A zombie has ended, too.
      return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return true;
    }
  };
  const look = (): void => {
    for (const pid of lookers) if (!isThere(pid)) lookers.delete(pid);
    if (lookers.size > 0) return;
    globalThis.clearInterval(timer);
    forget();
    process.getBuiltinModule('node:inspector').close();
  };
  // After the poll: if SIGUSR1 interrupted a busy program, Node opens the inspector once more there.
  const timer = globalThis.setInterval(() => globalThis.setImmediate(look), every).unref();
  return lookers;
}

/**
 * Connects to a process through Node's inspector, which SIGUSR1 opens on a loopback port.
 *
 * The process closes it again when this program has ended or was killed.
 *
 * @throws {Failure} when that is not possible
 */
export async function attach(pid: number): Promise<Target> {
  checkIsNode(pid);
  const session = await openSession(pid);
  const check = async (): Promise<void> => {
    await session.evaluate(JOIN);
  };
  return {
    check,
    async threads() {
      await check();
      const threads = [session, ...(await session.workers())];
      const all = await Promise.all(threads.map((thread) => askerOf(thread, pid)));
      const known = all.filter((ask) => ask !== undefined);
      if (known.length === 0) throw new Failure(`process ${pid} does not run asyncio-ts`);
      return known;
    },
    close: () => session.close(),
  };
}

async function openSession(pid: number): Promise<DebuggerSession> {
  const [open, first] = inspectPort(pid);
  const session = first && (await sessionAt(first, JOIN));
  if (session) return session;
  const end = Date.now() + PATIENCE;
  // The program's ports before we asked it to open its inspector.
  let before: Set<number> | undefined;
  for (let asked = 0; Date.now() < end; ) {
    const ports = listeningPorts(pid, open);
    if (before === undefined && ports.has(open)) {
      // It is open already. If the program opened it, it stays open. If another command did, we join its watch, unless
      // that is just closing it: then the port disappears, and we ask for it ourselves.
      const session = await sessionAt(open, JOIN);
      if (session !== undefined) return session;
    } else {
      before ??= ports;
      // Repeatedly, because a command that looks into another process may occupy the port for a moment.
      if (asked++ % (1000 / POLL) === 0) {
        checkIsNode(pid);
        // If it has just ended, the next check says so.
        attempt(() => process.kill(pid, 'SIGUSR1'), false);
      }
      for (const port of ports) {
        // The other ports belong to the program, so we do not connect to them.
        const session = before.has(port) ? undefined : await sessionAt(port, WATCH_LOOKERS + JOIN);
        if (session !== undefined) return session;
      }
    }
    await sleep(POLL);
  }
  throw new Failure(
    `process ${pid} has not opened its inspector: its port, ${open}, may be taken, ` +
      'or it is blocked, or handles SIGUSR1 itself',
  );
}

/**
 * Connects to the inspector at a port, and evaluates an expression; `undefined` if there is no inspector, or if it is
 * being closed.
 */
async function sessionAt(port: number, first: string): Promise<DebuggerSession | undefined> {
  const url = await inspectorAt(port);
  if (url === undefined) return undefined;
  try {
    const session = await soon(DebuggerSession.open(url));
    return session && (await soon(session.evaluate(first))) === 0 ? session : undefined;
  } catch {
    return undefined;
  }
}

/** The URL of the inspector at a port; `undefined` if there is none. */
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

/** None where a thread has no loop. */
async function askerOf(
  thread: DebuggerSession | WorkerSession,
  pid: number,
): Promise<Ask | undefined> {
  // A worker thread may be blocked by what is not JavaScript.
  const version = await soon(thread.evaluate(`${AGENT}?.version`));
  if (!version) return undefined;
  if (version !== AGENT_VERSION)
    throw new Failure(
      `process ${pid} runs another version of asyncio-ts (expected ${AGENT_VERSION}, got ${version})`,
    );
  const ask: Ask = async (question) =>
    String(await thread.evaluate(`${AGENT}.ask('${question}')`, true));
  // Also loads the code that answers, in a turn of its own.
  if ((await soon(ask('version'))) !== undefined) return ask;
  // The first two lines are the error and this expression.
  const [, , ...frames] = String(await soon(thread.evaluate('new Error().stack'))).split('\n');
  throw new Failure(
    [`process ${pid} does not respond: it is busy`, ...printable(frames.slice(0, FRAMES))].join(
      '\n',
    ),
  );
}
