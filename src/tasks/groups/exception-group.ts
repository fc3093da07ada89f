import { checkString } from '../../base/check-types.ts';
import { isException, named } from '../../base/errors/errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { inspectsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { captureUserStack } from '../../base/stacks/captured-stack.ts';
import { stackOf } from '../../base/stacks/error-report.ts';
import { isA } from '../../base/values/attempt.ts';
import { isErrorClass } from '../../base/values/is-error.ts';

/** An error class, checked with `instanceof`. */
type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * What to look for in a group: errors of a class, of one of several classes, or for which a
 * function returns true.
 */
export type GroupCondition = ErrorClass | readonly ErrorClass[] | ((exception: unknown) => boolean);

/**
 * Several exceptions thrown together, at least one of which is not a failure but a request to end,
 * such as a `KeyboardInterrupt`. If all are failures, `new BaseExceptionGroup()` returns an
 * {@link ExceptionGroup}.
 *
 * Groups may contain groups, and print as a tree.
 *
 * @see Python's `BaseExceptionGroup`,
 *   https://docs.python.org/3/library/exceptions.html#BaseExceptionGroup
 */
export class BaseExceptionGroup extends AggregateError {
  static {
    named(this, 'BaseExceptionGroup');
    // The whole tree, with all stacks.
    inspectsAsText(this, stackOf);
  }

  /**
   * @param message - what they have in common
   * @param exceptions - at least one; any value, as in a `throw`
   * @param options - `cause`
   * @throws {TypeError} when `message` is not a string, or `exceptions` not an array
   * @throws {RangeError} when there are none
   */
  constructor(message: string, exceptions: readonly unknown[], options?: ErrorOptions) {
    checkString(message, 'message');
    if (!Array.isArray(exceptions))
      throw typeError(`second argument (exceptions) must be an array, got ${brief(exceptions)}`);
    if (exceptions.length === 0)
      throw rangeError('second argument (exceptions) must be a non-empty array');
    super(exceptions, message, options);
    captureUserStack(this, new.target);
    if (new.target !== BaseExceptionGroup || !exceptions.every(isException)) return;
    const group = new ExceptionGroup(message, exceptions, options);
    captureUserStack(group, BaseExceptionGroup);
    // biome-ignore lint/correctness/noConstructorReturn: the more precise class, as in Python
    return group;
  }

  /** The exceptions of the group, in order: `AggregateError`'s `errors`. */
  get exceptions(): readonly unknown[] {
    return this.errors;
  }

  /**
   * The exceptions that match `condition`, in groups of the same shape.
   *
   * If the group itself matches, it is returned unchanged.
   *
   * @returns `undefined` if none matches
   */
  subgroup(condition: GroupCondition): BaseExceptionGroup | undefined {
    return this.split(condition)[0];
  }

  /**
   * Splits the group into exceptions that match `condition` and those that do not, in groups of the
   * same shape.
   *
   * @returns both parts; `undefined` for an empty one
   */
  split(
    condition: GroupCondition,
  ): [match: BaseExceptionGroup | undefined, rest: BaseExceptionGroup | undefined] {
    return splitGroup(this, toPredicate(condition));
  }

  /**
   * Creates a group of other exceptions, for {@link split} and {@link subgroup}, which add the
   * stack and the cause. Override it in subclasses; otherwise they split into plain groups.
   *
   * @param exceptions - at least one
   */
  derive(exceptions: readonly unknown[]): BaseExceptionGroup {
    return new BaseExceptionGroup(this.message, exceptions);
  }

  /** `NAME: MESSAGE (2 sub-exceptions)` */
  override toString(): string {
    const { length } = this.errors;
    return `${this.name}: ${this.message} (${length} sub-exception${length === 1 ? '' : 's'})`;
  }

  /** @internal does `isException()` return `false` for it? */
  get _endsMore(): boolean {
    return true;
  }
}

/**
 * Several failures thrown together.
 *
 * @see Python's `ExceptionGroup`,
 *   https://docs.python.org/3/library/exceptions.html#ExceptionGroup
 */
export class ExceptionGroup extends BaseExceptionGroup {
  static {
    named(this, 'ExceptionGroup');
  }

  /**
   * @param message - what they have in common
   * @param exceptions - at least one
   * @param options - `cause`
   * @throws {TypeError} when one of them is a `BaseException`, which is not a failure; or when
   *   `message` is not a string, or `exceptions` not an array
   * @throws {RangeError} when there are none
   */
  constructor(message: string, exceptions: readonly unknown[], options?: ErrorOptions) {
    super(message, exceptions, options);
    if (!exceptions.every(isException)) {
      const own = new.target === ExceptionGroup ? 'an ExceptionGroup' : `'${new.target.name}'`;
      throw typeError(`Cannot nest BaseExceptions in ${own}`);
    }
  }

  /** @internal */
  override get _endsMore(): boolean {
    return false;
  }
}

// Functions, because a group from another thread was not created by the constructor, so it lacks
// private methods.
function splitGroup(
  group: BaseExceptionGroup,
  matches: (exception: unknown) => boolean,
): [match: BaseExceptionGroup | undefined, rest: BaseExceptionGroup | undefined] {
  if (matches(group)) return [group, undefined];
  const match: unknown[] = [];
  const rest: unknown[] = [];
  for (const exception of group.errors) {
    if (isA(exception, BaseExceptionGroup)) {
      const [inMatch, inRest] = splitGroup(exception, matches);
      if (inMatch !== undefined) match.push(inMatch);
      if (inRest !== undefined) rest.push(inRest);
    } else (matches(exception) ? match : rest).push(exception);
  }
  return [partOf(group, match), partOf(group, rest)];
}

function partOf(
  group: BaseExceptionGroup,
  exceptions: readonly unknown[],
): BaseExceptionGroup | undefined {
  if (exceptions.length === 0) return undefined;
  const part = group.derive(exceptions);
  if (group.cause !== undefined) hide(part, 'cause', group.cause);
  const frames = /^ {4}at /m.exec(group.stack ?? '');
  if (frames !== null)
    hide(part, 'stack', `${part.name}: ${part.message}\n${group.stack?.slice(frames.index)}`);
  return part;
}

function toPredicate(condition: GroupCondition): (exception: unknown) => boolean {
  if (isErrorClass(condition)) return (exception) => isA(exception, condition);
  if (Array.isArray(condition) && condition.every(isErrorClass))
    return (exception) => condition.some((each) => isA(exception, each));
  if (typeof condition === 'function') return condition as (exception: unknown) => boolean;
  throw typeError(
    `expected a function, an error class, or an array of such classes, got ${brief(condition)}`,
  );
}

/** Sets a field that is not enumerable, so that `util.inspect` does not print it again. */
function hide(error: Error, name: 'cause' | 'stack', value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}
