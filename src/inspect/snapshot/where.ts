import { findSourceMap } from 'node:module';
import { type Frame, framesOf } from '../../base/stacks/frame.ts';
import { suspendedFrames } from '../../core/futures/await-stacks.ts';
import type { Waiting } from '../../core/futures/awaiter.ts';
import type { FrameData } from './data.ts';

const settled = Promise.resolve();

/**
 * The functions that wait at an `await`, innermost first; none if V8 does not know them.
 *
 * Nothing is recorded beforehand, and the `await` is not disturbed: a reaction that never settles the awaited promise
 * captures a stack (`seeAwaiters()`).
 */
export async function functionsThatWait(waiting: Waiting): Promise<FrameData[]> {
  let sites: readonly NodeJS.CallSite[] = [];
  waiting._showWaiting((frames) => {
    sites = frames;
  });
  // It is called after a microtask, or never.
  await settled;
  await settled;
  return framesOf(sites.map((site) => `    at ${site}`).join('\n')).map(originOf);
}

/** A frame as data. As in a stack, its position is the original one if the process uses source maps. */
function originOf({ name, file, line, column }: Frame): FrameData {
  if (process.sourceMapsEnabled) {
    const origin = findSourceMap(file)?.findOrigin(line, column);
    if (origin !== undefined && 'fileName' in origin)
      return { name, file: origin.fileName, line: origin.lineNumber, column: origin.columnNumber };
  }
  return { name, file, line, column };
}

/** The functions in which a task waits, innermost first, if its awaits are tracked. */
export function trackedFunctions(task: object): FrameData[] {
  return suspendedFrames(task).map((frame) => ({ ...frame }));
}
