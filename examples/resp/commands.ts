/** The commands: what each does to the store, and what it replies. */
import { Deque } from './deque.ts';
import { OK, type Reply } from './replies.ts';
import type { Store } from './store.ts';

/** Thrown if a command cannot be run. The connection stays open. */
class CommandError extends Error {}

// An array, because a command may have more words than a call may have arguments.
type Run = (store: Store, words: readonly Buffer[]) => Reply;

interface Command {
  readonly run: Run;
  /** The minimum and maximum number of words after the name. */
  readonly words: readonly [least: number, most: number];
}

const ANY = Number.POSITIVE_INFINITY;
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_INTEGER = 'ERR value is not an integer or out of range';
const SYNTAX = 'ERR syntax error';
const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
/** How many bytes of an unknown command are quoted. */
const QUOTED = 128;
const [LOWEST, HIGHEST] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Runs a command. The first word is its name. */
export function perform(store: Store, words: readonly Buffer[]): Reply {
  const first = words[0] as Buffer;
  const rest = words.slice(1);
  const name = first.toString('latin1').toUpperCase();
  const command = COMMANDS.get(name);
  if (command === undefined) return unknown(first, rest);
  const [least, most] = command.words;
  if (rest.length < least || rest.length > most)
    return { error: `ERR wrong number of arguments for '${name.toLowerCase()}' command` };
  try {
    return command.run(store, rest);
  } catch (error) {
    if (error instanceof CommandError) return { error: error.message };
    throw error;
  }
}

function unknown(name: Buffer, words: readonly Buffer[]): Reply {
  let begin = '';
  for (const word of words) {
    if (begin.length >= QUOTED) break;
    begin += `'${word.toString('latin1', 0, QUOTED - begin.length)}' `;
  }
  const quoted = name.toString('latin1', 0, QUOTED);
  return { error: `ERR unknown command '${quoted}', with args beginning with: ${begin}` };
}

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    // the connection
    PING: [0, 1, (_store, [word]) => word ?? { simple: 'PONG' }],
    ECHO: [1, 1, (_store, [word]) => word as Buffer],
    HELLO: [0, ANY, (_store, words) => hello(words)],
    SELECT: [1, 1, (_store, [index]) => select(text(index))],
    COMMAND: [
      0,
      ANY,
      (_store, [what]) => (text(what).toUpperCase() === 'COUNT' ? COMMANDS.size : []),
    ],
    CONFIG: [1, ANY, (_store, [what, name]) => config(text(what), text(name))],
    CLIENT: [1, ANY, () => OK],
    INFO: [0, ANY, (store) => `# Keyspace\r\ndb0:keys=${store.size}\r\n`],

    // keys
    DEL: [1, ANY, (store, keys) => count(keys, (key) => store.delete(key))],
    EXISTS: [1, ANY, (store, keys) => count(keys, (key) => store.get(key) !== undefined)],
    TYPE: [1, 1, (store, [key]) => ({ simple: typeOf(store, text(key)) })],
    EXPIRE: [2, 2, (store, [key, seconds]) => expire(store, text(key), whole(seconds))],
    PERSIST: [1, 1, (store, [key]) => Number(store.persist(text(key)))],
    TTL: [1, 1, (store, [key]) => left(store, text(key), 1)],
    PTTL: [1, 1, (store, [key]) => left(store, text(key), 1000)],
    DBSIZE: [0, 0, (store) => store.size],
    FLUSHALL: [0, 1, flush],
    FLUSHDB: [0, 1, flush],

    // texts
    GET: [1, 1, (store, [key]) => textAt(store, text(key)) ?? null],
    SET: [2, ANY, set],
    SETNX: [2, 2, (store, [key, value]) => setUnlessThere(store, text(key), value as Buffer)],
    GETDEL: [1, 1, getAndDelete],
    MGET: [1, ANY, (store, keys) => keys.map((key) => textOrNull(store, text(key)))],
    MSET: [2, ANY, setSeveral],
    APPEND: [2, 2, append],
    STRLEN: [1, 1, (store, [key]) => textAt(store, text(key))?.length ?? 0],
    INCR: [1, 1, (store, [key]) => add(store, text(key), 1n)],
    DECR: [1, 1, (store, [key]) => add(store, text(key), -1n)],
    INCRBY: [2, 2, (store, [key, by]) => add(store, text(key), long(by))],
    DECRBY: [2, 2, (store, [key, by]) => add(store, text(key), -long(by))],

    // lists
    LPUSH: [2, ANY, (store, [key, ...items]) => push(store, text(key), items, 'unshift')],
    RPUSH: [2, ANY, (store, [key, ...items]) => push(store, text(key), items, 'push')],
    LPOP: [1, 2, (store, [key, most]) => pop(store, text(key), most, 'shift')],
    RPOP: [1, 2, (store, [key, most]) => pop(store, text(key), most, 'pop')],
    LLEN: [1, 1, (store, [key]) => listAt(store, text(key))?.length ?? 0],
    LRANGE: [3, 3, range],
    LINDEX: [
      2,
      2,
      (store, [key, at]) => listAt(store, text(key))?.range(whole(at), whole(at))[0] ?? null,
    ],
  } satisfies Record<string, [least: number, most: number, run: Run]>).map(
    ([name, [least, most, run]]) => [name, { run, words: [least, most] }] as const,
  ),
);

// ── words ────────────────────────────────────────────────────────────────────────────────────

/** A word as text, with one character for each byte, so that any bytes can be a key. */
function text(word: Buffer | undefined): string {
  return word?.toString('latin1') ?? '';
}

/** Parses a count. */
function whole(word: Buffer | undefined): number {
  const value = long(word);
  if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER)
    throw new CommandError(NO_INTEGER);
  return Number(value);
}

/** Parses a 64-bit number. */
function long(word: Uint8Array | undefined): bigint {
  const digits = Buffer.from(word?.subarray(0, 21) ?? []).toString('latin1');
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(digits)) throw new CommandError(NO_INTEGER);
  const value = BigInt(digits);
  if (value < LOWEST || value > HIGHEST) throw new CommandError(NO_INTEGER);
  return value;
}

// ── the connection ───────────────────────────────────────────────────────────────────────────

/** HELLO [version [AUTH name password] [SETNAME name]] */
function hello([version, ...options]: readonly Buffer[]): Reply {
  const asked = version === undefined ? '2' : text(version);
  if (asked !== '2' && asked !== '3') return { error: 'NOPROTO unsupported protocol version' };
  if (options.some((option) => text(option).toUpperCase() === 'AUTH'))
    return { error: 'ERR AUTH called without any password configured for the default user' };
  return { hello: asked === '2' ? 2 : 3 };
}

function select(index: string): Reply {
  return index === '0' ? OK : { error: 'ERR DB index is out of range' };
}

/** redis-benchmark sends this. Nothing is saved to disk here. */
function config(what: string, name: string): Reply {
  if (what.toUpperCase() !== 'GET') return { error: 'ERR only CONFIG GET is known' };
  const known: Record<string, string> = { save: '', appendonly: 'no' };
  return Object.entries(known).flatMap(([key, value]) =>
    key === name.toLowerCase() || name === '*' ? [key, value] : [],
  );
}

// ── keys ─────────────────────────────────────────────────────────────────────────────────────

function count(keys: readonly Buffer[], isSo: (key: string) => boolean): number {
  let number = 0;
  for (const key of keys) if (isSo(text(key))) number += 1;
  return number;
}

function typeOf(store: Store, key: string): string {
  const value = store.get(key);
  if (value === undefined) return 'none';
  return value instanceof Deque ? 'list' : 'string';
}

function expire(store: Store, key: string, seconds: number): Reply {
  if (seconds <= 0) return Number(store.delete(key));
  return Number(store.expire(key, seconds));
}

function left(store: Store, key: string, perSecond: number): Reply {
  if (store.get(key) === undefined) return -2;
  const seconds = store.left(key);
  return seconds === undefined ? -1 : Math.round(seconds * perSecond);
}

function flush(store: Store): Reply {
  store.clear();
  return OK;
}

// ── texts ────────────────────────────────────────────────────────────────────────────────────

function textAt(store: Store, key: string): Uint8Array | undefined {
  const value = store.get(key);
  if (value instanceof Deque) throw new CommandError(WRONG_TYPE);
  return value;
}

function textOrNull(store: Store, key: string): Reply {
  const value = store.get(key);
  return value instanceof Uint8Array ? value : null;
}

/** SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL] */
function set(store: Store, words: readonly Buffer[]): Reply {
  const [first, value, ...options] = words as [Buffer, Buffer, ...Buffer[]];
  const key = text(first);
  const given = new Set<string>();
  let seconds: number | undefined;
  for (let at = 0; at < options.length; at += 1) {
    const option = text(options[at]).toUpperCase();
    const isTime = option === 'EX' || option === 'PX';
    const isKnown = isTime || ['NX', 'XX', 'GET', 'KEEPTTL'].includes(option);
    if (!isKnown || given.has(option)) throw new CommandError(SYNTAX);
    given.add(option);
    if (!isTime) continue;
    at += 1;
    if (seconds !== undefined || at === options.length) throw new CommandError(SYNTAX);
    seconds = whole(options[at]) / (option === 'PX' ? 1000 : 1);
    if (seconds <= 0) throw new CommandError("ERR invalid expire time in 'set' command");
  }
  const keep = given.has('KEEPTTL');
  if ((given.has('NX') && given.has('XX')) || (keep && seconds !== undefined))
    throw new CommandError(SYNTAX);

  const before = given.has('GET') ? (textAt(store, key) ?? null) : OK;
  const isThere = store.get(key) !== undefined;
  if ((given.has('NX') && isThere) || (given.has('XX') && !isThere))
    return given.has('GET') ? before : null;
  if (keep) store.replace(key, Buffer.from(value));
  else store.set(key, Buffer.from(value));
  if (seconds !== undefined) store.expire(key, seconds);
  return before;
}

function setUnlessThere(store: Store, key: string, value: Buffer): Reply {
  if (store.get(key) !== undefined) return 0;
  store.set(key, Buffer.from(value));
  return 1;
}

function getAndDelete(store: Store, [word]: readonly Buffer[]): Reply {
  const key = text(word);
  const value = textAt(store, key) ?? null;
  store.delete(key);
  return value;
}

function setSeveral(store: Store, words: readonly Buffer[]): Reply {
  if (words.length % 2 !== 0)
    throw new CommandError("ERR wrong number of arguments for 'mset' command");
  for (let at = 0; at < words.length; at += 2)
    store.set(text(words[at]), Buffer.from(words[at + 1] as Buffer));
  return OK;
}

function append(store: Store, words: readonly Buffer[]): Reply {
  const [first, more] = words as [Buffer, Buffer];
  const key = text(first);
  if ((textAt(store, key)?.length ?? 0) + more.length > store.maxBulk)
    throw new CommandError(TOO_LONG);
  return store.append(key, more);
}

function add(store: Store, key: string, by: bigint): Reply {
  const before = textAt(store, key);
  const after = (before === undefined ? 0n : long(before)) + by;
  if (after < LOWEST || after > HIGHEST)
    throw new CommandError('ERR increment or decrement would overflow');
  store.replace(key, Buffer.from(String(after)));
  return after;
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────

function listAt(store: Store, key: string): Deque<Uint8Array> | undefined {
  const value = store.get(key);
  if (value === undefined || value instanceof Deque) return value;
  throw new CommandError(WRONG_TYPE);
}

function push(store: Store, key: string, items: readonly Buffer[], end: 'push' | 'unshift'): Reply {
  const list = store.list(key);
  if (list === undefined) throw new CommandError(WRONG_TYPE);
  for (const item of items) list[end](Buffer.from(item));
  return list.length;
}

function range(store: Store, [key, first, last]: readonly Buffer[]): Reply {
  const [start, stop] = [whole(first), whole(last)];
  return listAt(store, text(key))?.range(start, stop) ?? [];
}

function pop(store: Store, key: string, most: Buffer | undefined, end: 'pop' | 'shift'): Reply {
  const number = most === undefined ? 1 : whole(most);
  if (number < 0) throw new CommandError('ERR value is out of range, must be positive');
  const list = listAt(store, key);
  if (list === undefined) return null;
  const items: Uint8Array[] = [];
  while (items.length < number && list.length > 0) items.push(list[end]() as Uint8Array);
  if (list.length === 0) store.delete(key);
  return most === undefined ? (items[0] as Uint8Array) : items;
}
