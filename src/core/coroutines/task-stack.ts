import { checkWhole } from '../../base/numbers.ts';
import { repr } from '../../base/printing/repr.ts';
import { captureStack } from '../../base/stacks/capture.ts';
import { stackText } from '../../base/stacks/error-report.ts';
import { type Frame, framesOf, OF_A_TASK } from '../../base/stacks/frame.ts';
import { attempt } from '../../base/values/attempt.ts';
import { isError } from '../../base/values/is-error.ts';
import { currentScope } from '../context/context.ts';
import { isAwaitTracking, suspendedFrames } from '../futures/await-stacks.ts';

/** What a task must provide for its stack. */
export interface StackedTask {
  readonly _state: 'pending' | 'cancelled' | 'finished';
  readonly _failed: boolean;
  readonly _exception: unknown;
}

/**
 * Checks a limit on the number of frames.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is not an integer
 */
export function checkStackLimit(limit: number | undefined): void {
  if (limit !== undefined)
    checkWhole(limit, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'limit');
}

/** The frames of a task, innermost first: the current ones, where it waits, or where it failed. */
export function stackOfTask(task: StackedTask, limit: number | undefined): Frame[] {
  checkStackLimit(limit);
  const frames = allFrames(task);
  return limit === undefined ? frames : frames.slice(0, Math.max(0, limit));
}

function allFrames(task: StackedTask): Frame[] {
  if (task._state !== 'pending')
    return task._failed && isError(task._exception)
      ? framesOf(stackText(task._exception), OF_A_TASK)
      : [];
  return (currentScope()?.task as unknown) === task ? framesOfNow() : suspendedFrames(task);
}

/** The current frames, up to where the task's body begins. */
export function framesOfNow(): Frame[] {
  const now = new Error();
  attempt(() => captureStack(now, 60), undefined);
  // The task's own method is on the stack here, but is not where the task began.
  return framesOf(withoutHead(stackText(now)), OF_A_TASK);
}

/** Removes our own frames from the head. */
function withoutHead(stack: string): string {
  const lines = stack.split('\n').slice(1);
  const first = lines.findIndex((line) => framesOf(line).length > 0);
  return first < 0 ? '' : lines.slice(first).join('\n');
}

/** What `printStack()` prints, without the last newline. */
export function formatStack(task: StackedTask, limit: number | undefined): string {
  const frames = stackOfTask(task, limit);
  const failed = task._failed && task._state === 'finished';
  if (frames.length === 0) {
    const why =
      task._state === 'pending' && !isAwaitTracking()
        ? ' (it is known in debug mode, and after setAwaitTracking(true))'
        : '';
    return `No stack for ${task}${why}`;
  }
  const title = `${failed ? 'Traceback' : 'Stack'} for ${task} (most recent call first):`;
  return [title, ...(failed ? [repr(task._exception)] : []), ...frames].join('\n');
}
