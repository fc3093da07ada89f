import { findSourceMap } from 'node:module';
import { type Frame, framesOf } from '../../base/stacks/frame.ts';
import type { Waiting } from '../../core/futures/awaiter.ts';
import type { FrameData } from './data.ts';

const settled = Promise.resolve();

/**
 * The functions that wait at an `await`, innermost first; none where V8 does not tell.
 *
 * Nothing is noted beforehand, and the `await` is left as it is: whatever it waits for is
 * asked, in a reaction that never settles it, for a stack (`seeAwaiters()`).
 */
export async function functionsThatWait(waiting: Waiting): Promise<FrameData[]> {
  let sites: readonly NodeJS.CallSite[] = [];
  waiting._showWaiting((frames) => {
    sites = frames;
  });
  // It tells a microtask from now, or never.
  await settled;
  await settled;
  return framesOf(sites.map((site) => `    at ${site}`).join('\n')).map(frameData);
}

/** A frame as data, with its place in the source where the process uses source maps. */
export function frameData({ name, file, line, column }: Frame): FrameData {
  if (process.sourceMapsEnabled) {
    const origin = findSourceMap(file)?.findOrigin(line, column);
    if (origin !== undefined && 'fileName' in origin)
      return { name, file: origin.fileName, line: origin.lineNumber, column: origin.columnNumber };
  }
  return { name, file, line, column };
}
