import { errorsOf, messageOf, nameOf, repr } from '../printing/repr.ts';
import { attempt, textOf } from '../values/attempt.ts';
import { isAggregateError, isError } from '../values/is-error.ts';
import { isPlumbing, isUserFrame, linesOf } from './user-frames.ts';

/** The text of an error in a report: its stack, its causes, and the errors of a group. */

/**
 * The text of an error's stack and causes, without the frames through which the loop reached the
 * user's code. A value that is not an error, or has no stack, is printed. An `AggregateError` is
 * shown as a tree, like Python's exception groups.
 *
 * Never throws, whatever the error does; very long text is cut.
 */
export function stackOf(error: unknown): string {
  const report = { due: false, budget: { text: MOST, errors: MOST_ERRORS, counted: MOST_COUNTED } };
  const text = isAggregateError(error)
    ? treeOf(error, 1, [], report).join('\n')
    : stackBelow(error, [], report);
  return text.length <= 2 * MOST ? text : `${text.slice(0, 2 * MOST)}\n...`;
}

/**
 * The text of an error's stack; its name and message if it has none, or its getter throws. If the
 * program's `Error.prepareStackTrace` returned a list, each item is a line.
 */
export function stackText(error: Error): string {
  const stack: unknown = attempt(() => error.stack, undefined);
  if (typeof stack === 'string') return stack;
  const [name, message] = [nameOf(error), messageOf(error)];
  const header = message === '' ? name : `${name}: ${message}`;
  if (!Array.isArray(stack)) return header;
  return [header, ...stack.slice(0, MOST_CAUSES).map((site) => `    at ${textOf(site)}`)].join(
    '\n',
  );
}

/** The text being made. */
interface Report {
  /** Must the line that closes a group's frame still be drawn? The innermost last group does it. */
  due: boolean;
  readonly budget: Budget;
}

/** What is left of the limits of one report: a getter may keep making new errors. */
interface Budget {
  /** In characters. */
  text: number;
  errors: number;
  /** Causes that are only counted. */
  counted: number;
}

/** The approximate maximum length of a report, and of one stack, in characters. */
const MOST = 500_000;
const MOST_OF_ONE = 100_000;
const MOST_ERRORS = 3_000;
const MOST_COUNTED = 100_000;
/** The most nested causes that are shown. */
const MOST_CAUSES = 100;

/** Like {@link stackOf}; `above` are the errors that this one is a cause or a part of. */
function stackBelow(error: unknown, above: readonly unknown[], report: Report): string {
  const parts: string[] = [];
  let prefix = '';
  let place = above;
  for (let next = error; ; ) {
    const text = prefix + stackOfOne(next);
    report.budget.text -= text.length;
    report.budget.errors -= 1;
    parts.push(text);
    const cause = causeOf(next);
    if (cause === undefined || cause === next || place.includes(cause)) break;
    place = [...place, next];
    prefix = '[cause]: ';
    if (isSpent(report) || place.length >= MOST_CAUSES) {
      parts.push(`${prefix}... (${countCauses(cause, report.budget)})`);
      break;
    }
    if (isAggregateError(cause)) {
      parts.push(`${prefix}\n${treeOf(cause, 1, place, report).join('\n')}`);
      break;
    }
    next = cause;
  }
  return parts.join('\n');
}

function causeOf(error: unknown): unknown {
  return isError(error) ? attempt(() => error.cause, undefined) : undefined;
}

function isSpent({ budget }: Report): boolean {
  return budget.text <= 0 || budget.errors <= 0;
}

/** Counts the causes from this one on. It calls no getters, which would take long. */
function countCauses(first: unknown, budget: Budget): string {
  const seen = new Set<unknown>([first]);
  for (let next = first; ; ) {
    const own = attempt(() => Object.getOwnPropertyDescriptor(next, 'cause'), undefined);
    if (own?.get !== undefined || budget.counted <= 0) return `${seen.size} or more`;
    next = own?.value;
    if (next === undefined || seen.has(next)) return `${seen.size} more`;
    seen.add(next);
    budget.counted -= 1;
  }
}

/** The stack of an error without its causes. */
function stackOfOne(error: unknown): string {
  if (!isError(error)) return `Thrown: ${repr(error)}`;
  const stack = withoutOurs(middleLeftOut(stackText(error)), error);
  return counted(named(stack, nameOf(error)), error);
}

/** Cuts the middle: the message may be long, and the frames are at the end. */
function middleLeftOut(stack: string): string {
  return stack.length <= MOST_OF_ONE
    ? stack
    : `${stack.slice(0, MOST_OF_ONE / 2)}...${stack.slice(-MOST_OF_ONE / 2)}`;
}

/** How many errors of a group are shown, and how deeply nested; Python's values. */
const WIDTH = 15;
const DEPTH = 10;

/**
 * The lines of a group and its content, with their frame.
 *
 * @param depth - 1 for the outermost group
 * @param above - the errors and groups that contain it
 */
function treeOf(
  group: AggregateError,
  depth: number,
  above: readonly unknown[],
  report: Report,
): string[] {
  const margin = '  '.repeat(depth);
  if (depth > DEPTH || above.includes(group))
    return [
      `${margin}| ... (${above.includes(group) ? 'shown above' : `max_group_depth is ${DEPTH}`})`,
    ];
  if (isSpent(report)) return [`${margin}| ...`];
  const inside = [...above, group];
  const lines = stackBelow(group, above, report)
    .split('\n')
    .map((line, at) => `${margin}${at === 0 && depth === 1 ? '+' : '|'} ${line}`);
  const errors = errorsOf(group);
  const { length } = errors;
  const shown = Math.min(length, WIDTH + 1);
  for (let at = 0; at < shown; at += 1) {
    const last = at === shown - 1;
    const left = at < WIDTH ? 0 : length - WIDTH;
    report.due = last;
    const title = left > 0 ? '...' : at + 1;
    lines.push(`${margin}${at === 0 ? '+-' : '  '}+---------------- ${title} ----------------`);
    const error: unknown = errors[at];
    if (left > 0) lines.push(`${margin}  | and ${left} more exception${left > 1 ? 's' : ''}`);
    else if (isAggregateError(error)) lines.push(...treeOf(error, depth + 1, inside, report));
    else {
      // A tree among its causes has its own frame.
      const below = stackBelow(error, inside, { due: false, budget: report.budget });
      for (const line of below.split('\n')) lines.push(`${margin}  | ${line}`);
    }
    if (last && report.due) {
      lines.push(`${margin}  +------------------------------------`);
      report.due = false;
    }
  }
  return lines;
}

/** Adds the number of errors to the message of a group, as Python does. */
function counted(stack: string, error: Error): string {
  if (!isAggregateError(error)) return stack;
  const [name, message] = [nameOf(error), messageOf(error)];
  const header = message === '' ? name : `${name}: ${message}`;
  const { length } = errorsOf(error);
  const count = ` (${length} sub-exception${length === 1 ? '' : 's'})`;
  return stack.startsWith(header) ? header + count + stack.slice(header.length) : stack;
}

/** Without the frames below the user's last one, and without our frames between the user's. */
function withoutOurs(stack: string, error: Error): string {
  const lines = stack.split('\n');
  // A line of the message may look like a frame.
  const head = linesOf(messageOf(error));
  const last = lines.findLastIndex(
    (line, at) => at < head || !/^ +at /.test(line) || isUserFrame(line),
  );
  // If all frames are ours, show them: there is nothing else.
  if (last < head || !isUserFrame(lines[last] as string)) return stack;
  const kept = lines.slice(0, last + 1);
  // A bug of ours is reported with our own frames.
  if (nameOf(error) === 'InternalError') return kept.join('\n');
  return kept.filter((line, at) => at < head || !isPlumbing(line)).join('\n');
}

/** Replaces `Error` by the name of the class, for a class that does not define `name`. */
function named(stack: string, name: string): string {
  return /^Error\b/.test(stack) ? name + stack.slice('Error'.length) : stack;
}
