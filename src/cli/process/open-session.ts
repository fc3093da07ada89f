import { setTimeout as sleep } from 'node:timers/promises';
import { attempt } from '../../base/values/attempt.ts';
import { DebuggerSession } from './debugger-session.ts';
import { Failure } from './failure.ts';
import { checkIsNode, inspectPort, listeningAt } from './node-process.ts';
import { PATIENCE, soon } from './soon.ts';

/** How often to check for the port, in milliseconds. */
const POLL = 10;
/** How often the process checks whether the commands that look into it still run, in milliseconds. */
const WATCH = 20;

const KEY = `Symbol.for('asyncio-ts.inspect.lookers')`;

/**
 * In the target: adds this process to those that look into it. Throws while the inspector is being closed.
 *
 * Needed even if the inspector was open before: another command may have opened it, and not be watched yet.
 */
export const JOIN: string = `(globalThis[${KEY}] ??= new Set).add(${process.pid}), 0`;

/**
 * In the target: also closes its inspector when the last of these processes has ended.
 *
 * Not earlier: if both sides close a connection at the same time, Node 20 to 26 writes to freed memory.
 */
const JOIN_AND_WATCH = `${JOIN}; (${watchLookers})(${KEY}, ${WATCH}), 0`;

/** It is sent as its source text. */
function watchLookers(key: symbol, every: number): void {
  const shared = globalThis as unknown as Record<symbol, unknown>;
  const lookers = shared[key] as Set<number> & { isWatched?: boolean };
  if (lookers.isWatched) return;
  lookers.isWatched = true;
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
    // The inspector may evaluate JOIN at any point: from here on, it throws.
    shared[key] = 0;
    if (lookers.size > 0) {
      shared[key] = lookers;
      return;
    }
    globalThis.clearInterval(timer);
    process.getBuiltinModule('node:inspector').close();
    delete shared[key];
  };
  let timer: NodeJS.Timeout;
  // In a turn of its own, not in the middle of what this interrupts, which may be Node's timers.
  globalThis.setImmediate(() => {
    // After the poll: if SIGUSR1 interrupted a busy program, Node opens the inspector once more there.
    timer = globalThis.setInterval(() => globalThis.setImmediate(look), every).unref();
  });
}

/** The steps of finding the inspector of a process; a test interleaves those of two commands. */
export interface Steps<Session> {
  /** See `node-process.ts`. */
  inspectPort(pid: number): ReturnType<typeof inspectPort>;
  listeningAt(pid: number, open: number): Set<string> | Promise<Set<string>>;
  /** Asks the process to open its inspector. */
  signal(pid: number): unknown;
  /**
   * Connects to the inspector at an address, and evaluates an expression; `undefined` if there is no inspector, or if it
   * is being closed.
   */
  sessionAt(address: string, first: string): Promise<Session | undefined>;
  sleep(milliseconds: number): Promise<unknown>;
}

/** The steps on a real process. */
export const STEPS: Steps<DebuggerSession> = {
  inspectPort,
  listeningAt,
  signal(pid) {
    checkIsNode(pid);
    // If it has just ended, the next check says so.
    attempt(() => process.kill(pid, 'SIGUSR1'), false);
  },
  async sessionAt(address, first) {
    const url = await inspectorAt(address);
    if (url === undefined) return undefined;
    try {
      const session = await soon(DebuggerSession.open(url));
      return session && (await soon(session.evaluate(first))) === 0 ? session : undefined;
    } catch {
      return undefined;
    }
  },
  sleep,
};

/**
 * Connects to the inspector of a process, and opens it if it is not open.
 *
 * @throws {Failure} when the process has ended, or does not open it
 */
export async function openSession<Session>(pid: number, steps: Steps<Session>): Promise<Session> {
  const [open, first] = steps.inspectPort(pid);
  const session = first && (await steps.sessionAt(first, JOIN));
  if (session) return session;
  const end = Date.now() + PATIENCE;
  // Where the program listened before we asked it to open its inspector.
  let before: Set<string> | undefined;
  for (let asked = 0; Date.now() < end; ) {
    const addresses = await steps.listeningAt(pid, open);
    const address = [...addresses].find((each) => each.endsWith(`:${open}`));
    if (before === undefined && address !== undefined) {
      // It is open already. If the program opened it, it stays open. If another command did, we join it, unless it is
      // just being closed: then the port disappears, and we ask for it ourselves.
      const session = await steps.sessionAt(address, JOIN);
      if (session !== undefined) return session;
    } else {
      before ??= addresses;
      // Repeatedly, because a command that looks into another process may occupy the port for a moment.
      if (asked++ % (1000 / POLL) === 0) await steps.signal(pid);
      for (const each of addresses) {
        // The others belong to the program, so we do not connect to them.
        const session = before.has(each) ? undefined : await steps.sessionAt(each, JOIN_AND_WATCH);
        if (session !== undefined) return session;
      }
    }
    await steps.sleep(POLL);
  }
  throw new Failure(
    `process ${pid} has not opened its inspector: its port, ${open}, may be taken, ` +
      'or it is blocked, or handles SIGUSR1 itself',
  );
}

/** The URL of the inspector at an address; `undefined` if there is none. */
async function inspectorAt(address: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://${address}/json/list`, {
      signal: AbortSignal.timeout(1000),
    });
    const [first] = (await answer.json()) as { webSocketDebuggerUrl?: string }[];
    return first?.webSocketDebuggerUrl;
  } catch {
    return undefined;
  }
}
