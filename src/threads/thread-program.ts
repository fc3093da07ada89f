/**
 * The program of each thread of a pool: makes the calls that are sent to it, one after the other,
 * and sends back their outcomes. thread.ts starts it.
 *
 * It loads as little as possible, so that its first call can start soon.
 */

import type { MessagePort } from 'node:worker_threads';
import { classOf, messageOf, nameOf } from '../base/printing/repr.ts';
import { stackText } from '../base/stacks/error-report.ts';
import { attempt } from '../base/values/attempt.ts';
import { isError } from '../base/values/is-error.ts';
import type {
  PackedError,
  PackedValue,
  SourceFunction,
  ThreadAnswer,
  ThreadCall,
  ThreadFunction,
} from './thread-call.ts';

const home = process.getBuiltinModule('node:worker_threads').parentPort as MessagePort;

type Callable = (...args: readonly unknown[]) => unknown;

/** The most compiled functions to keep. */
const MOST_KEPT = 100;

/** Compiled functions by their file and source text, least recently called first. */
const made = new Map<string, Callable>();

/** Some compilers insert calls to this, to preserve function names. */
const keepName = (callee: object, name: string): object =>
  Object.defineProperty(callee, 'name', { value: name, configurable: true });

// 'end': there are no more calls.
home.on('message', (call: ThreadCall | 'end') => {
  if (call === 'end') process.exit(0);
  else void answer(call);
});

async function answer({ callee, args }: ThreadCall): Promise<void> {
  try {
    const result = await (await find(callee))(...args);
    send({ result }, `the result of ${callee.name}() cannot be sent between threads`);
  } catch (error) {
    const thrown = isError(error) ? pack(error, []) : { value: error };
    send({ thrown }, `what ${callee.name}() threw cannot be sent between threads`);
  }
}

function send(news: ThreadAnswer, otherwise: string): void {
  try {
    home.postMessage(news);
  } catch (error) {
    const refused = new TypeError(`${otherwise}: ${(error as Error).message}`);
    home.postMessage({ thrown: pack(refused, []) } satisfies ThreadAnswer);
  }
}

async function find(callee: ThreadFunction): Promise<Callable> {
  if ('source' in callee) {
    const key = `${callee.file} ${callee.source}`;
    const callable = made.get(key) ?? make(callee);
    made.delete(key);
    made.set(key, callable);
    const [oldest = ''] = made.keys();
    if (made.size > MOST_KEPT) made.delete(oldest);
    return callable;
  }
  // Compiled, too: an error would show the URL of this program, which contains all of it.
  const load = await find({ source: 'u=>import(u)', name: 'import', file: '' });
  const module = (await load(callee.url)) as Record<string, unknown>;
  const callable = module[callee.name];
  if (typeof callable === 'function') return callable as Callable;
  throw new TypeError(
    `${callee.url} exports no function ${callee.name}, only ${Object.keys(module).join(', ') || 'nothing'}`,
  );
}

/**
 * Compiled like a CommonJS module, which finds packages in `import()`, unlike `new Function()`, and
 * which no flag of Node refuses.
 */
function make({ source, name, file }: SourceFunction): Callable {
  const module = new (process.getBuiltinModule('node:module'))(file);
  // Its parameters hide what only CommonJS modules have.
  const text = `module.exports=(__name,require,module,exports)=>${source}\n//# sourceURL=thread:${name}`;
  // Node's types leave it out, but many packages call it.
  (module as never as { _compile: Callable })._compile(text, file);
  return module.exports(keepName);
}

/** The deepest chain of causes that is sent. */
const DEEPEST = 100;

function pack(error: Error, above: readonly Error[]): PackedError {
  const cause: unknown = attempt(() => error.cause, undefined);
  const errors: unknown = attempt(() => (error as { errors?: unknown }).errors, undefined);
  const inside = [...above, error];
  const packOther = (other: unknown): PackedValue[] => {
    if (!isError(other)) return crosses(other) ? [{ value: other }] : [];
    return inside.includes(other) || inside.length >= DEEPEST ? [] : [pack(other, inside)];
  };
  const fields = attempt(() => Object.entries(error), []).filter(
    ([key, value]) =>
      !['name', 'message', 'stack', 'cause', 'errors'].includes(key) && crosses(value),
  );
  return {
    name: nameOf(error),
    className: classOf(error),
    message: messageOf(error) + hint(error),
    stack: stackText(error),
    fields: Object.fromEntries(fields),
    cause: cause === undefined ? undefined : packOther(cause)[0],
    errors: Array.isArray(errors) ? errors.flatMap(packOther) : undefined,
  };
}

/** The usual reason why a name is not defined in a thread. */
function hint(error: Error): string {
  return nameOf(error) === 'ReferenceError' &&
    messageOf(error).endsWith('is not defined') &&
    /\n\s*at .*\bthread:/.test(stackText(error))
    ? '; the function was sent as source text, without the variables around it: pass them as arguments, or use moduleFunction()'
    : '';
}

function crosses(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    // Omitted: the error itself matters more.
    return false;
  }
}
