import { typeError } from '../base/errors/refusals.ts';
import { vm } from '../base/node-modules.ts';
import { brief, nameOf } from '../base/printing/repr.ts';
import { userStack } from '../base/stacks/capture.ts';
import { FRAME } from '../base/stacks/user-frames.ts';
import { iscoroutinefunction } from '../core/coroutines/coroutine.ts';
import { ModuleFunction, TerminableFunction } from './executor.ts';

/** A function in the form in which it is sent to a thread. */
export type ThreadFunction = SourceFunction | { readonly url: string; readonly name: string };

export interface SourceFunction {
  readonly source: string;
  readonly name: string;
  /** The file from which it was called first, as in a stack: its `import()` starts there. */
  readonly file: string;
}

/** A call, sent to a thread, which answers each with one {@link ThreadAnswer}, in order. */
export interface ThreadCall {
  readonly callee: ThreadFunction;
  readonly args: readonly unknown[];
}

/** A thread's answer to a call. */
export type ThreadAnswer = { readonly result: unknown } | { readonly thrown: PackedValue };

/** A thrown value: an error in parts, or any other value as it is. */
export type PackedValue = PackedError | { readonly value: unknown };

/** An error in the form in which it is sent, with its name, which a clone would lose. */
export interface PackedError {
  readonly name: string;
  /** The name of its class. */
  readonly className: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its own fields that can be sent, such as `code` and `errno`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: PackedValue | undefined;
  /** The errors of an `AggregateError`. */
  readonly errors: readonly PackedValue[] | undefined;
}

/** Functions in this form, which are made and checked once. */
const sources = new WeakMap<object, SourceFunction>();

/**
 * The form in which a function is sent to a thread.
 *
 * @throws {TypeError} when it is not a function, or its source text is not enough: a native or
 *   bound function, a class
 */
export function toThreadFunction(callable: unknown): ThreadFunction {
  const callee = callable instanceof TerminableFunction ? callable.callback : callable;
  if (callee instanceof ModuleFunction) return { url: callee.url, name: callee.name };
  if (typeof callee !== 'function')
    throw typeError(`a callable object was expected, got ${brief(callee)}`);
  let known = sources.get(callee);
  if (known === undefined) {
    const file = FRAME.exec(userStack(1).join())?.[1] ?? '';
    known = { source: sourceText(callee), name: callee.name || '<anonymous>', file };
    sources.set(callee, known);
  }
  return known;
}

const WRITE_INSTEAD =
  'write a separate function, whose source text is sent, or use moduleFunction()';

function sourceText(callee: object): string {
  const text = Function.prototype.toString.call(callee);
  if (iscoroutinefunction(callee) || /\{\s*\[native code\]\s*\}$/.test(text))
    throw typeError(
      `${brief(callee)} has no source text (native, bound or created by coroutine()): ${WRITE_INSTEAD}`,
    );
  if (/^class\b/.test(text))
    throw typeError(`a function was expected, got the class ${brief(callee)}`);
  // A method's text is an expression only inside an object.
  const expressions = [`(${text})`, `Object.values({ ${text} })[0]`];
  const expression = expressions.find(isExpression);
  if (expression === undefined)
    throw typeError(
      `the source text of ${brief(callee)} cannot be used on its own, like that of a getter or a #private method: ${WRITE_INSTEAD}`,
    );
  return expression;
}

function isExpression(text: string): boolean {
  try {
    // Not `new Function()`, which Node's --disallow-code-generation-from-strings refuses.
    new (vm().Script)(text);
    return true;
  } catch (error) {
    // Under Jest, it may be another realm's.
    if (nameOf(error as Error) === 'SyntaxError') return false;
    throw error;
  }
}
