import { errorsOf, messageOf, nameOf, repr } from '../printing/repr.ts';
import { attempt, isA, textOf } from '../values/attempt.ts';
import { FRAME, isPlumbing, isUserFrame, linesOf } from './user-frames.ts';

/**
 * An error as the text of a report: its stack, its causes, and the errors of a group.
 */

/**
 * The text of an error's stack and of its causes, without the frames by which the loop came to the
 * user's; for a value that is not an error, or has no stack, what it prints as. What an
 * `AggregateError` holds is shown as a tree, in the form that Python gives exception groups.
 *
 * Never throws, whatever the error does; what is very long is cut.
 */
export function stackOf(error: unknown): string {
  const report = { due: false, budget: { text: MOST, errors: MOST_ERRORS, counted: MOST_COUNTED } };
  const text = isA(error, AggregateError)
    ? treeOf(error, 1, [], report).join('\n')
    : stackBelow(error, [], report);
  return text.length <= 2 * MOST ? text : `${text.slice(0, 2 * MOST)}\n...`;
}

/**
 * The stack of an error as text; name and message where it has none, or its getter throws. A list,
 * which a program's `Error.prepareStackTrace` may have made, is shown line by line.
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

/** The text that is being made. */
interface Report {
  /** Is the line due that ends the frame of a group? The innermost of the last ones draws it. */
  due: boolean;
  readonly budget: Budget;
}

/** What may still come, in all that one report shows: a getter may make new errors for ever. */
interface Budget {
  /** In characters. */
  text: number;
  errors: number;
  /** Causes that are only counted. */
  counted: number;
}

/** The most characters of a report, more or less, and of one stack. */
const MOST = 500_000;
const MOST_OF_ONE = 100_000;
const MOST_ERRORS = 3_000;
const MOST_COUNTED = 100_000;
/** The most causes, one under the other, that are shown. */
const MOST_CAUSES = 100;

/** As {@link stackOf}; `above` are the errors that this one is the cause of, or a part. */
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
    if (isA(cause, AggregateError)) {
      parts.push(`${prefix}\n${treeOf(cause, 1, place, report).join('\n')}`);
      break;
    }
    next = cause;
  }
  return parts.join('\n');
}

function causeOf(error: unknown): unknown {
  return isA(error, Error) ? attempt(() => error.cause, undefined) : undefined;
}

function isSpent({ budget }: Report): boolean {
  return budget.text <= 0 || budget.errors <= 0;
}

/** How many causes there are from this one on; no getter is asked, for that takes long. */
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

/** The stack of an error without what is under it. */
function stackOfOne(error: unknown): string {
  if (!isA(error, Error)) return `Thrown: ${repr(error)}`;
  const stack = withoutOurs(middleLeftOut(stackText(error)), error);
  return counted(named(stack, nameOf(error)), error);
}

/** The message of an error may be as long as it likes: its frames are at the end. */
function middleLeftOut(stack: string): string {
  return stack.length <= MOST_OF_ONE
    ? stack
    : `${stack.slice(0, MOST_OF_ONE / 2)}...${stack.slice(-MOST_OF_ONE / 2)}`;
}

/** How many errors of a group are shown, and how deep groups within groups; Python's figures. */
const WIDTH = 15;
const DEPTH = 10;

/**
 * The lines of a group and all in it, with their frame.
 *
 * @param depth - 1 for the outermost group
 * @param above - the errors and groups that it is in
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
    else if (isA(error, AggregateError)) lines.push(...treeOf(error, depth + 1, inside, report));
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

/** Says behind the message of a group how many errors it holds, as Python does. */
function counted(stack: string, error: Error): string {
  if (!isA(error, AggregateError)) return stack;
  const [name, message] = [nameOf(error), messageOf(error)];
  const header = message === '' ? name : `${name}: ${message}`;
  const { length } = errorsOf(error);
  const count = ` (${length} sub-exception${length === 1 ? '' : 's'})`;
  return stack.startsWith(header) ? header + count + stack.slice(header.length) : stack;
}

/** Without what comes after the user's last frame, and without our frames between the user's. */
function withoutOurs(stack: string, error: Error): string {
  const lines = stack.split('\n');
  // A line of the message may look like a frame.
  const head = linesOf(messageOf(error));
  const last = lines.findLastIndex(
    (line, at) => at < head || !FRAME.test(line) || isUserFrame(line),
  );
  // If all are ours, they are all that there is to say.
  if (last < head || !isUserFrame(lines[last] as string)) return stack;
  const kept = lines.slice(0, last + 1);
  // A fault of ours is reported with our frames.
  if (nameOf(error) === 'InternalError') return kept.join('\n');
  return kept.filter((line, at) => at < head || !isPlumbing(line)).join('\n');
}

/** A stack says `Error` where the class of the error has no `name`: then that of the class. */
function named(stack: string, name: string): string {
  return /^Error\b/.test(stack) ? name + stack.slice('Error'.length) : stack;
}
