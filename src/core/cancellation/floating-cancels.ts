import { otherRuntime } from '../../base/other-runtime.ts';
import { CapturedStack } from '../../base/stacks/captured-stack.ts';
import { onFollowing } from '../context/promise-hooks.ts';
import { cancelOf } from './cancel-in-error.ts';

/**
 * Keeps the cancel of a call that is not awaited from ending the program: `void flush()` in a task,
 * or an `async` event listener.
 *
 * The call is part of the task and is cancelled with it. Its promise is then rejected, and Node would end the
 * program because of an unhandled rejection, although nothing has failed. Before it does, it calls
 * `process.emit('unhandledRejection', …)`, and continues if that returns `true`. So while promises
 * are followed, it returns `true` for a cancel, wherever that comes from.
 *
 * A listener would not do: with one, Node does not end the program for other rejections either.
 * Watching what waits for each promise would slow down every `await`.
 */

type Emit = (this: unknown, event: unknown, ...args: unknown[]) => unknown;

// A test runner may replace the global one.
const process = globalThis.process.getBuiltinModule('node:process');

/** What `process.emit` is, while promises are followed. */
let emit: Emit;

const getEmit = (): Emit => emit;

onFollowing((isFollowing) => {
  if (otherRuntime === 'Deno') {
    const change = isFollowing ? 'addEventListener' : 'removeEventListener';
    (globalThis as unknown as EventTarget)[change]('unhandledrejection', preventDefault);
  } else if (isFollowing) begin();
  else end();
});

/** Undoes {@link begin}. */
let end = (): void => {};

function begin(): void {
  const before = Reflect.getOwnPropertyDescriptor(process, 'emit');
  if (before?.get === getEmit) return;
  const ours = quiet(process.emit as Emit);
  emit = ours;
  // Other modules also replace it, and later restore what they found, which may be older.
  Reflect.defineProperty(process, 'emit', {
    configurable: true,
    get: getEmit,
    set: (other: Emit) => {
      emit = quiets.has(other) ? other : quiet(other);
    },
  });
  end = () => {
    if (process.emit !== ours) return;
    if (before === undefined) Reflect.deleteProperty(process, 'emit');
    else Reflect.defineProperty(process, 'emit', before);
  };
}

function preventDefault(event: Event): void {
  if (isFloating((event as Event & { reason: unknown }).reason)) event.preventDefault();
}

/** What {@link quiet} has returned. */
const quiets = new WeakSet<Emit>();

/** Like `original`, but only returns `true` for the events of an unhandled cancel. */
function quiet(original: Emit): Emit {
  const made: Emit = function emit(event, ...args) {
    return isOfFloating(event, args) || original.call(this, event, ...args);
  };
  quiets.add(made);
  return made;
}

/** The promises of unhandled cancels: Node also emits an event if they are handled later. */
const promises = new WeakSet<object>();

/** Is it `--unhandled-rejections=warn`? */
let warns: boolean | undefined;
/** If so: the errors that Node is going to warn about. */
const warned: { readonly stack?: unknown }[] = [];

function isOfFloating(event: unknown, [subject, other]: unknown[]): boolean {
  if (event === 'unhandledRejection') {
    if (!isFloating(subject)) return false;
    promises.add(other as object);
    warns ??= isRunning('alwaysWarnUnhandledRejectionsMode');
    if (warns) warned.push(subject as Error);
    return true;
  }
  if (event === 'rejectionHandled') return promises.has(subject as object);
  if (event === 'warning') return isWarned(subject as Error);
  // `--unhandled-rejections=strict`. Without it, a module has failed.
  return (
    other === 'unhandledRejection' &&
    isFloating(subject) &&
    isRunning('strictUnhandledRejectionsMode')
  );
}

/** Node warns twice: with the stack as the message, and with the stack as its own. */
function isWarned({ name, message, stack }: Error): boolean {
  if (name !== 'UnhandledPromiseRejectionWarning') return false;
  const at = warned.findIndex((error) => error.stack === message || error.stack === stack);
  if (at >= 0 && warned[at]?.stack === stack) warned.splice(at, 1);
  return at >= 0;
}

/** Is this function of Node running? */
function isRunning(name: string): boolean {
  return new CapturedStack(20).frames.some((frame) => frame.getFunctionName() === name);
}

/** Errors that a loop has thrown to the program. */
const thrownOut = new WeakSet<object>();

/** `error` leaves the loop: if nothing handles it, it ends the program, even if it is a cancel. */
export function endsProgram(error: unknown): void {
  if (cancelOf(error) !== undefined) thrownOut.add(error as object);
}

function isFloating(error: unknown): boolean {
  return cancelOf(error) !== undefined && !thrownOut.has(error as object);
}
