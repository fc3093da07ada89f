import { inspect } from 'node:util';
import { hasMemory } from './bytes.ts';

/** How many characters and items of a value a printed form shows; those of Python's `reprlib`. */
const LIMITS = { characters: 30, sequence: 6, mapping: 4, depth: 6 };

/** How many of the characters are left at the two ends of what is shortened. */
const ENDS = [13, 14] as const;

/**
 * Prints a value as Python's `repr()` does.
 *
 * `undefined` and `null` are `None`, a `Uint8Array` is `b'…'`, an array is a list, a plain object
 * or a `Map` a dictionary, an error `Name('message')`. A value with a `toString` of its own is
 * what that says.
 */
export function repr(value: unknown): string {
  return print(value, false, 0, []);
}

/**
 * Prints a value as Python's `reprlib.repr()` does: like {@link repr}, with long ones shortened.
 */
export function shortRepr(value: unknown): string {
  return print(value, true, 0, []);
}

/** Prints a callback with its arguments, as asyncio does in messages: `cb('hello')`, or `cb()`. */
export function formatCallback(callback: unknown, args: readonly unknown[] = []): string {
  return `${functionName(callback)}(${args.map(shortRepr).join(', ')})`;
}

/** The name of a function, or what stands for it: `<anonymous>`, as V8 has it in stacks. */
export function functionName(callback: unknown): string {
  return typeof callback === 'function' ? callback.name || '<anonymous>' : repr(callback);
}

function print(value: unknown, short: boolean, depth: number, above: readonly object[]): string {
  switch (typeof value) {
    case 'undefined':
      return 'None';
    case 'boolean':
      return value ? 'True' : 'False';
    case 'string':
      return printString(value, short);
    case 'number':
      return printNumber(value);
    case 'function':
      return `<function ${functionName(value)}>`;
    case 'object':
      return value === null ? 'None' : printObject(value, short, depth, above);
    default:
      return String(value);
  }
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value);
}

function printString(value: string, short: boolean): string {
  const { characters } = LIMITS;
  if (!short) return quote(value);
  // As Python does it: shortened, then quoted, then shortened again.
  const points = [...value];
  const [head, tail] = ENDS;
  if (points.length <= characters) {
    const whole = quote(value);
    if ([...whole].length <= characters) return whole;
  }
  return middleLeftOut(quote([...points.slice(0, head), ...points.slice(-tail)].join('')));
}

function printObject(
  value: object,
  short: boolean,
  depth: number,
  above: readonly object[],
): string {
  if (value instanceof AggregateError && !above.includes(value)) {
    const inside = [...above, value];
    const errors = value.errors.map((error) => print(error, false, depth, inside));
    return `${nameOf(value)}(${quote(value.message)}, [${errors.join(', ')}])`;
  }
  if (value instanceof Error) return printError(value);
  if (value instanceof Uint8Array) return cut(printBytes(value), short);
  const container = containerOf(value);
  if (container === undefined) return cut(printInstance(value), short);
  const [open, close, entries, most] = container;
  if (above.includes(value)) return `${open}...${close}`;
  if (entries.length > 0 && short && depth >= LIMITS.depth) return `${open}...${close}`;
  const inside = [...above, value];
  const shown = (short ? sortedIfSo(container).slice(0, most) : entries).map((entry) =>
    entry.map((part) => print(part, short, depth + 1, inside)).join(': '),
  );
  if (shown.length < entries.length) shown.push('...');
  return `${open}${shown.join(', ')}${close}`;
}

type Container = [open: string, close: string, entries: unknown[][], most: number];

function containerOf(value: object): Container | undefined {
  if (hasOwnForm(value)) return undefined;
  if (Array.isArray(value)) return ['[', ']', Array.from(value, (item) => [item]), LIMITS.sequence];
  if (value instanceof Map) return ['{', '}', [...value], LIMITS.mapping];
  if (value instanceof Set)
    return value.size === 0
      ? ['set(', ')', [], 0]
      : ['{', '}', [...value].map((item) => [item]), LIMITS.sequence];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return ['{', '}', Object.entries(value), LIMITS.mapping];
  return undefined;
}

/** The entries as `reprlib` shows them: those of dictionaries and sets in order, if they have one. */
function sortedIfSo([open, , entries]: Container): unknown[][] {
  if (open !== '{') return entries;
  const keys = entries.map(([key]) => key);
  for (const kind of ['number', 'string'])
    if (keys.every((key) => typeof key === kind))
      return [...entries].sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  return entries;
}

/** Does the value say itself how it prints, with a `toString` that is not the language's? */
function hasOwnForm(value: object): boolean {
  const { toString: own } = value as { toString?: unknown };
  return (
    own !== Object.prototype.toString &&
    own !== Array.prototype.toString &&
    typeof own === 'function'
  );
}

function printInstance(value: object): string {
  try {
    return hasOwnForm(value) ? String(value) : inspect(value, { depth: 1, breakLength: Infinity });
  } catch {
    // As Python's reprlib has it: what is printed in a report must not become a failure of its own.
    return `<${value.constructor?.name ?? 'object'} instance>`;
  }
}

/** `Name('message')`; an error of the system shows number and text, as Python's does. */
function printError(error: Error): string {
  const { errno, strerror } = error as { errno?: unknown; strerror?: unknown };
  if (typeof errno === 'number' && typeof strerror === 'string')
    return `${nameOf(error)}(${Math.abs(errno)}, ${quote(strerror)})`;
  return `${nameOf(error)}(${error.message === '' ? '' : quote(error.message)})`;
}

/** The name of an error; that of its class, where nobody gave the class a `name`. */
export function nameOf(error: Error): string {
  const { name } = error;
  return name === 'Error' ? error.constructor?.name || name : name;
}

function cut(text: string, short: boolean): string {
  return short && [...text].length > LIMITS.characters ? middleLeftOut(text) : text;
}

function middleLeftOut(text: string): string {
  const points = [...text];
  const [head, tail] = ENDS;
  return `${points.slice(0, head).join('')}...${points.slice(-tail).join('')}`;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What Python does not print as it is: controls, separators, what no character was given to. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let inside = '';
  for (const character of text) {
    if (character in ESCAPES) inside += ESCAPES[character];
    else if (character === mark) inside += `\\${mark}`;
    else if (character !== ' ' && UNPRINTABLE.test(character)) inside += hex(character);
    else inside += character;
  }
  return mark + inside + mark;
}

function printBytes(bytes: Uint8Array): string {
  if (!hasMemory(bytes)) return `<${bytes.constructor.name} without memory>`;
  const mark = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let inside = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character in ESCAPES) inside += ESCAPES[character];
    else if (character === mark) inside += `\\${mark}`;
    else if (byte < 0x20 || byte >= 0x7f) inside += hex(character);
    else inside += character;
  }
  return `b${mark}${inside}${mark}`;
}

function hex(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
