import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BETWEEN_PIECES, TRACE } from '../../inspect/watched/trace-format.ts';
import { Failure } from '../process/failure.ts';
import { say } from '../process/say.ts';
import { fetchPieces, type Target } from '../process/target.ts';

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
  const file = attempt(path, () => openSync(path, 'w'));
  const threads = await Promise.race([target.threads(), until]);
  if (!threads) return;
  const numbers = await Promise.all(threads.map(async (ask) => await ask(`trace ${seconds}`)));
  await say(`recording for ${seconds} s; press Ctrl-C to stop`);
  const ended = new AbortController();
  void until.then(() => ended.abort());
  // Written even if it was stopped early.
  await sleep(seconds * 1000, undefined, { signal: ended.signal }).catch(() => {});
  const write = (text: string): void => void attempt(path, () => writeSync(file, text));
  write(TRACE.begin);
  let between = '';
  for (const [at, ask] of threads.entries())
    for await (const piece of fetchPieces(ask, `traced ${numbers[at]}`)) {
      write(between + piece);
      between = BETWEEN_PIECES;
    }
  write(TRACE.end);
  closeSync(file);
  await say(`${path}: open it in https://ui.perfetto.dev or chrome://tracing`);
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${(error as Error).message}`);
  }
}
