import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BETWEEN_PIECES, TRACE } from '../../inspect/watched/trace-format.ts';
import { Failure } from '../process/failure.ts';
import { say } from '../process/say.ts';
import { fetchPieces, ofEach, type Target } from '../process/target.ts';

/** How often to check whether the process has ended, in milliseconds. */
const CHECK = 1000;

/**
 * Records what a process does for some seconds, or until `until` is fulfilled, and writes it to a file.
 *
 * @throws {Failure} when the process has ended, or the file cannot be written
 */
export async function writeTrace(
  target: Target,
  seconds: number,
  path: string,
  until: Promise<void>,
): Promise<void> {
  const threads = await Promise.race([target.threads(), until]);
  if (!threads) return;
  const file = orFailure(path, () => openSync(path, 'w'));
  const write = (text: string): void => void orFailure(path, () => writeSync(file, text));
  const traces = await ofEach(threads, async (ask) => {
    const number = await ask(`trace ${seconds}`);
    return { ask, number };
  });
  await say(`recording for ${seconds} s; press Ctrl-C to stop`);
  const ended = until.then(() => true);
  const end = Date.now() + seconds * 1000;
  write(TRACE.begin);
  try {
    // Written even if it was stopped early.
    for (let left = seconds * 1000; left > 0; left = end - Date.now()) {
      if (await Promise.race([ended, sleep(Math.min(left, CHECK), false)])) break;
      await target.check();
    }
    let between = '';
    await ofEach(traces, async ({ ask, number }) => {
      for await (const piece of fetchPieces(ask, `traced ${number}`)) {
        write(between + piece);
        between = BETWEEN_PIECES;
      }
    });
  } finally {
    write(TRACE.end);
    closeSync(file);
  }
  await say(`${path}: open it in https://ui.perfetto.dev or chrome://tracing`);
}

function orFailure<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${(error as Error).message}`);
  }
}
