import { brief } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { ModuleFunction, TerminableFunction } from './executor.ts';

/** A function in the form in which it goes to a thread. */
export type ThreadFunction =
  | { readonly source: string; readonly name: string }
  | { readonly url: string; readonly name: string };

/** What a thread is asked: a call. It answers with one {@link ThreadAnswer} each, in order. */
export interface ThreadCall {
  readonly callee: ThreadFunction;
  readonly args: readonly unknown[];
}

/** What a thread says of a call. */
export type ThreadAnswer = { readonly result: unknown } | { readonly thrown: PackedValue };

/** What was thrown: an error in pieces, or another value as it is. */
export type PackedValue = PackedError | { readonly value: unknown };

/** An error in the form in which it crosses: with its name, which a clone would lose. */
export interface PackedError {
  readonly name: string;
  /** The name of its class. */
  readonly className: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** `code`, `errno` and the like: what of its own fields can cross. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: PackedValue | undefined;
  /** Those of an `AggregateError`. */
  readonly errors: readonly PackedValue[] | undefined;
}

/** The texts of the functions that were sent, which are made and looked at once. */
const sources = new WeakMap<object, string>();

/**
 * The form in which `callee` goes to a thread.
 *
 * @throws {TypeError} when it is not a function, or one whose text is not all of it: a native one, a
 *   bound one, a class
 */
export function toThreadFunction(callable: unknown): ThreadFunction {
  const callee = callable instanceof TerminableFunction ? callable.callback : callable;
  if (callee instanceof ModuleFunction) return { url: callee.url, name: callee.name };
  if (typeof callee !== 'function')
    throw new TypeError(`a callable object was expected, got ${brief(callee)}`);
  let source = sources.get(callee);
  if (source === undefined) {
    source = sourceOf(callee);
    sources.set(callee, source);
  }
  return { source, name: callee.name || '<anonymous>' };
}

const WRITE_INSTEAD =
  'a function is sent to a thread as its source text: write a separate function, or name an exported one with moduleFunction()';

function sourceOf(callee: object): string {
  const text = Function.prototype.toString.call(callee);
  if (/\{\s*\[native code\]\s*\}$/.test(text))
    throw new TypeError(`${brief(callee)} has no source text (native or bound): ${WRITE_INSTEAD}`);
  if (/^class\b/.test(text))
    throw new TypeError(`a function was expected, got the class ${brief(callee)}`);
  // A method's text is an expression only inside of an object.
  const expressions = [`(${text})`, `Object.values({ ${text} })[0]`];
  const expression = expressions.find(isExpression);
  if (expression === undefined)
    throw new TypeError(
      `the source text of ${brief(callee)} cannot be used on its own, like that of a getter or a #private method: ${WRITE_INSTEAD}`,
    );
  return expression;
}

function isExpression(text: string): boolean {
  try {
    new Function(`return ${text}`);
    return true;
  } catch (error) {
    if (isA(error, SyntaxError)) return false;
    throw error;
  }
}
