import { endsTheLoop } from '../base/errors/errors.ts';
import { log } from '../base/log/log.ts';
import { repr } from '../base/printing/repr.ts';
import { stackOf } from '../base/stacks/error-report.ts';
import { attempt, textOf } from '../base/values/attempt.ts';
import { type Context, runInScope } from '../core/context/context.ts';
import type { ExceptionContext } from '../core/turns/loop-core.ts';

/** Keys whose printed names are Python's spelling of ours. */
const PRINTED_KEYS: Record<string, string> = {
  sourceTraceback: 'source_traceback',
  handleTraceback: 'handle_traceback',
};

/** The text that the default handler writes: the message, the other keys in order, the stack. */
export function formatReport(context: ExceptionContext): string {
  const lines = [textOf(context.message || 'Unhandled exception in event loop')];
  for (const key of Object.keys(context).sort()) {
    if (key === 'message' || key === 'exception' || context[key] === undefined) continue;
    lines.push(`${PRINTED_KEYS[key] ?? key}: ${formatValue(key, context[key])}`);
  }
  if (context.exception !== undefined) lines.push(stackOf(context.exception));
  return lines.join('\n');
}

function formatValue(key: string, value: unknown): string {
  if (!(key in PRINTED_KEYS) || !Array.isArray(value)) return repr(value);
  const subject = key === 'sourceTraceback' ? 'Object' : 'Handle';
  return [`${subject} created at (most recent call first):`, ...value.map(textOf)].join('\n');
}

/**
 * Passes a report to the handler, and handles whatever the handler throws.
 *
 * @throws {KeyboardInterrupt} and {@link SystemExit}, when the handler throws them
 */
export function deliverReport(
  context: ExceptionContext,
  handler: ((context: ExceptionContext) => unknown) | undefined,
  byDefault: (context: ExceptionContext) => unknown,
): void {
  if (handler === undefined) {
    guarded(
      () => byDefault(context),
      (error) => log(`Exception in default exception handler\n${stackOf(error)}`),
    );
    return;
  }
  guarded(
    () => inContextOf(context, () => handler(context)),
    (exception) =>
      guarded(
        () =>
          byDefault({
            message: 'Unhandled error in exception handler',
            exception,
            context,
          }),
        (error) =>
          log(
            'Exception in default exception handler while handling an unexpected error ' +
              `in custom exception handler\n${stackOf(error)}`,
          ),
      ),
  );
}

function guarded(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    call();
  } catch (error) {
    if (endsTheLoop(error)) throw error;
    failed(error);
  }
}

/** Runs a handler in the context of what failed, so that it sees the same context variables. */
function inContextOf(report: ExceptionContext, call: () => unknown): unknown {
  for (const subject of [report.task, report.future, report.handle]) {
    const context = attempt(
      () => (subject as { getContext?(): Context })?.getContext?.(),
      undefined,
    );
    if (context !== undefined) return runInScope(context._scope, call, undefined);
  }
  return call();
}
