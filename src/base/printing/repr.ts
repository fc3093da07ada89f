import { inspect, types } from 'node:util';
import { attempt, textOf } from '../values/attempt.ts';
import { hasMemory, isUint8Array } from '../values/bytes.ts';
import { isAggregateError, isError } from '../values/is-error.ts';
import { isPlainObject } from '../values/is-plain-object.ts';

/** How many characters and items a shortened form shows; the values of Python's `reprlib`. */
const LIMITS = { characters: 30, sequence: 6, mapping: 4, depth: 6 };

/** The same for an argument in an error message: most names, addresses and objects fit. */
const BRIEF_CHARACTERS = 100;

/** A piece of a string or of bytes long enough for one end of a shortened form. */
const PIECE = 128;

/**
 * The approximate maximum length of a printed form, in characters, to keep reports readable and
 * cheap.
 */
const MOST = 100_000;
/** The maximum for nested values. */
const MOST_SHORT = 1_000;
/** The maximum length of {@link brief}, in characters. */
const MOST_BRIEF = 250;
/** The maximum depth of nested values. */
const DEEPEST = 100;
/** The most properties of an instance that are read, and the largest dictionary that is sorted. */
const MOST_PROPERTIES = 1_000;
/** Larger numbers take long to print. */
const LARGEST = 2n ** 4096n;

/**
 * Prints a value as Python's `repr()` does.
 *
 * `undefined` and `null` are `None`, a `Uint8Array` is `b'…'`, an array is a list, a plain object
 * or a `Map` a dictionary, an error `Name('message')`. A value with its own `toString` is printed
 * by it. Never throws, whatever the value does; very long forms are cut.
 */
export function repr(value: unknown): string {
  return print(value, { characters: undefined, left: MOST }, 0, []);
}

/**
 * Prints a value as Python's `reprlib.repr()` does: like {@link repr}, but long values are
 * shortened. The cost does not grow with the value.
 */
export function shortRepr(value: unknown): string {
  return print(value, { characters: LIMITS.characters, left: MOST_SHORT }, 0, []);
}

/**
 * Prints an argument for an error message: like {@link shortRepr}, but shows more of a string, and
 * is at most a few lines long.
 *
 * For data, which may be secret, use {@link typeNameOf}.
 */
export function brief(value: unknown): string {
  const text = print(value, { characters: BRIEF_CHARACTERS, left: MOST_SHORT }, 0, []);
  return text.length <= MOST_BRIEF ? text : `${text.slice(0, MOST_BRIEF)}...`;
}

/** Names the type of a value without revealing its content: for data and credentials. */
export function typeNameOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'a string';
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'None';
      return isUint8Array(value) && !hasMemory(value)
        ? brief(value)
        : `an object of class ${classOf(value).slice(0, PIECE)}`;
    default:
      return brief(value);
  }
}

/** Prints a callback with its arguments as asyncio's messages do: `cb('hello')`, or `cb()`. */
export function formatCallback(callback: unknown, args: readonly unknown[] = []): string {
  return `${functionName(callback)}(${args.map(shortRepr).join(', ')})`;
}

/** The property with the name under which a function of ours is printed. */
export const printedName: unique symbol = Symbol('asyncio-ts.printedName');

/** The name of a function; `<anonymous>` if it has none, as in V8's stacks. */
export function functionName(callback: unknown): string {
  if (typeof callback !== 'function') return repr(callback);
  // A class may define a static `name` that is not a string.
  const name: unknown = attempt(
    () => (callback as { [printedName]?: string })[printedName] ?? callback.name,
    '',
  );
  return typeof name === 'string' && name !== '' ? name : '<anonymous>';
}

/** How a value is printed, and how many characters are left. */
interface Form {
  /** The most characters of a string and of an instance; if set, containers are shortened, too. */
  readonly characters: number | undefined;
  left: number;
}

type Above = readonly object[];

function print(value: unknown, form: Form, depth: number, above: Above): string {
  try {
    const text = printAny(value, form, depth, above);
    form.left -= text.length;
    return text;
  } catch {
    // As in Python's reprlib: a report must not fail because of what it prints.
    return `<${classOf(value)} instance>`;
  }
}

function printAny(value: unknown, form: Form, depth: number, above: Above): string {
  switch (typeof value) {
    case 'undefined':
      return 'None';
    case 'boolean':
      return value ? 'True' : 'False';
    case 'string':
      return printString(value, form);
    case 'number':
      return printNumber(value);
    case 'bigint':
      return value < LARGEST && value > -LARGEST ? String(value) : '<huge bigint>';
    case 'function':
      return within(`<function ${functionName(value)}>`, form);
    case 'object':
      return value === null ? 'None' : printObject(value, form, depth, above);
    default:
      return within(String(value), form);
  }
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value);
}

function printString(value: string, form: Form): string {
  const { characters } = form;
  if (characters === undefined) return quoteWithin(value, form);
  // As in Python: shortened, then quoted, then shortened again.
  if (value.length <= 2 * characters && [...value].length <= characters) {
    const whole = quote(value);
    if ([...whole].length <= characters) return whole;
  }
  return middleLeftOut(quote(endsOf(value, characters).join('')), characters);
}

function printObject(value: object, form: Form, depth: number, above: Above): string {
  const short = form.characters !== undefined;
  if (isError(value)) return printError(value, form, depth, above);
  if (isUint8Array(value)) return cut(printBytes(value, form), form);
  const container = containerOf(value);
  if (container === undefined) return cut(printInstance(value, form), form);
  const [open, close, size, entries, most] = container;
  if (above.includes(value)) return `${open}...${close}`;
  if (size > 0 && depth >= (short ? LIMITS.depth : DEEPEST)) return `${open}...${close}`;
  const inside = [...above, value];
  const shown: string[] = [];
  for (const entry of short ? sortedEntries(container) : entries()) {
    if ((short && shown.length >= most) || form.left <= 0) break;
    shown.push(entry.map((part) => print(part, form, depth + 1, inside)).join(': '));
  }
  if (shown.length < size) shown.push('...');
  return `${open}${shown.join(', ')}${close}`;
}

type Container = [
  open: string,
  close: string,
  size: number,
  /** Not an array: there may be millions. */
  entries: () => Iterable<readonly unknown[]>,
  most: number,
];

function containerOf(value: object): Container | undefined {
  if (hasOwnForm(value)) return undefined;
  if (Array.isArray(value))
    return ['[', ']', value.length, () => eachAlone(value), LIMITS.sequence];
  if (types.isMap(value)) return ['{', '}', value.size, () => value, LIMITS.mapping];
  if (types.isSet(value))
    return value.size === 0
      ? ['set(', ')', 0, () => [], 0]
      : ['{', '}', value.size, () => eachAlone(value), LIMITS.sequence];
  if (!isPlainObject(value)) return undefined;
  const keys = Object.keys(value);
  return ['{', '}', keys.length, () => eachProperty(value, keys), LIMITS.mapping];
}

function* eachAlone(items: Iterable<unknown>): Iterable<readonly unknown[]> {
  for (const item of items) yield [item];
}

function* eachProperty(value: object, keys: readonly string[]): Iterable<readonly unknown[]> {
  for (const key of keys)
    yield [key, attempt(() => (value as Record<string, unknown>)[key], UNREADABLE)];
}

/** Stands for a property whose getter throws. */
const UNREADABLE = { toString: () => '<unreadable>' };

/** The entries as `reprlib` shows them: those of dictionaries and sets are sorted, if possible. */
function sortedEntries([open, , size, entries]: Container): Iterable<readonly unknown[]> {
  if (open !== '{' || size > MOST_PROPERTIES) return entries();
  const all = [...entries()];
  const keys = all.map(([key]) => key);
  for (const kind of ['number', 'string'])
    if (keys.every((key) => typeof key === kind))
      return all.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  return all;
}

/** Does the value have its own `toString`, not one of the language's? */
function hasOwnForm(value: object): boolean {
  const { toString: own } = value as { toString?: unknown };
  return (
    own !== Object.prototype.toString &&
    own !== Array.prototype.toString &&
    typeof own === 'function'
  );
}

function printInstance(value: object, form: Form): string {
  if (hasOwnForm(value)) return within(String(value), form);
  if (Object.keys(value).length > MOST_PROPERTIES) return `<${classOf(value)} instance>`;
  const depth = { depth: 1, breakLength: Infinity };
  return within(
    inspect(
      value,
      form.characters === undefined
        ? depth
        : { ...depth, maxArrayLength: 20, maxStringLength: 100 },
    ),
    form,
  );
}

/** `Name('message')`; system errors show number and text, as in Python. */
function printError(error: Error, form: Form, depth: number, above: Above): string {
  const message = messageOf(error);
  const name = within(nameOf(error), form);
  const quoted = (text: string): string =>
    form.characters !== undefined && text.length > MOST_SHORT
      ? printString(text, form)
      : quoteWithin(text, form);
  if (isAggregateError(error) && !above.includes(error)) {
    const first = quoted(message);
    return `${name}(${first}, [${printGroup(error, form, depth, above).join(', ')}])`;
  }
  const { errno, strerror } = error as { errno?: unknown; strerror?: unknown };
  if (typeof errno === 'number' && typeof strerror === 'string')
    return `${name}(${Math.abs(errno)}, ${quoted(strerror)})`;
  return `${name}(${message === '' ? '' : quoted(message)})`;
}

function printGroup(group: AggregateError, form: Form, depth: number, above: Above): string[] {
  const errors = errorsOf(group);
  const shown: string[] = [];
  for (const error of errors) {
    if (form.left <= 0 || depth >= DEEPEST) break;
    shown.push(print(error, form, depth + 1, [...above, group]));
  }
  if (shown.length < errors.length) shown.push('...');
  return shown;
}

/** The errors of a group; empty if the program replaced `errors` with something else. */
export function errorsOf(group: AggregateError): readonly unknown[] {
  const errors: unknown = attempt(() => group.errors, undefined);
  return Array.isArray(errors) ? errors : [];
}

/** The name of an error, or of its class if the class does not define `name`. */
export function nameOf(error: Error): string {
  const name: unknown = attempt(() => error.name, undefined);
  if (typeof name === 'string' && name !== 'Error') return name;
  const ofClass = classOf(error);
  return ofClass === 'object' ? 'Error' : ofClass;
}

/** The message of an error, as text. */
export function messageOf(error: Error): string {
  const message: unknown = attempt(() => error.message, '<unprintable>');
  if (typeof message === 'string') return message;
  return message === undefined ? '' : textOf(message);
}

/** The class name of an object; `object` if it cannot be determined. */
export function classOf(value: unknown): string {
  const name: unknown = attempt(
    () => (value as { constructor?: { name?: unknown } }).constructor?.name,
    undefined,
  );
  return typeof name === 'string' && name !== '' ? name : 'object';
}

function cut(text: string, { characters }: Form): string {
  if (characters === undefined || text.length <= characters) return text;
  if (text.length <= 2 * characters && [...text].length <= characters) return text;
  return middleLeftOut(text, characters);
}

function middleLeftOut(text: string, characters: number): string {
  return endsOf(text, characters).join('...');
}

/** The first and the last characters, which may be surrogate pairs, with room for three dots. */
function endsOf(text: string, characters: number): [head: string, tail: string] {
  const head = Math.floor((characters - 3) / 2);
  return [
    [...text.slice(0, PIECE)].slice(0, head).join(''),
    [...text.slice(-PIECE)].slice(head + 3 - characters).join(''),
  ];
}

/** As much of a text as there is room for. */
function within(text: string, { left }: Form): string {
  return text.length <= left ? text : `${text.slice(0, Math.max(left, 0))}...`;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * What is escaped: control characters, separators other than a space, and unassigned code points.
 */
const ESCAPED = /[\\'"]|(?! )[\p{C}\p{Z}]/gu;

function quoteWithin(text: string, { left }: Form): string {
  return text.length <= left ? quote(text) : `${quote(text.slice(0, Math.max(left, 0)))}...`;
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(ESCAPED, (character) => {
    if (character === "'" || character === '"') return character === mark ? `\\${mark}` : character;
    return ESCAPES[character] ?? hex(character);
  });
  return mark + inside + mark;
}

function printBytes(bytes: Uint8Array, { characters, left }: Form): string {
  if (!hasMemory(bytes)) return `<${classOf(bytes)} without memory>`;
  const mark = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  const escaped = (piece: Uint8Array): string => escapeBytes(piece, mark);
  if (characters !== undefined && bytes.length > 2 * PIECE)
    return `b${mark}${escaped(bytes.subarray(0, PIECE))}${escaped(bytes.subarray(-PIECE))}${mark}`;
  const inside = escaped(bytes.subarray(0, Math.max(left, 0)));
  return `b${mark}${inside}${mark}${bytes.length > left ? '...' : ''}`;
}

function escapeBytes(bytes: Uint8Array, mark: string): string {
  let inside = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character in ESCAPES) inside += ESCAPES[character];
    else if (character === mark) inside += `\\${mark}`;
    else if (byte < 0x20 || byte >= 0x7f) inside += hex(character);
    else inside += character;
  }
  return inside;
}

function hex(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
