import { createInterface } from 'node:readline';
import { type REPLServer, Recoverable, start } from 'node:repl';
import { PassThrough } from 'node:stream';
import { Script } from 'node:vm';
import * as asyncio from '../index.ts';
import * as socket from '../socket.ts';

const BANNER = `asyncio-ts REPL on Node.js ${process.version}
Use "await" directly instead of "asyncio.run()".
In scope: asyncio, socket. Type ".help" for more.`;

/**
 * Runs Node's REPL with a running loop, until its input ends or `.exit`. Each input runs in a task, which Ctrl-C
 * cancels. Remaining tasks are cancelled at the end.
 *
 * @returns the exit status
 * @throws {SystemExit} when code throws it, or a task
 */
export async function repl(): Promise<number> {
  // Before `run()` adds its own listener, which would end the program.
  listen();
  console.log(BANNER);
  await asyncio.run(async () => {
    const { stdin, stdout } = process;
    const input = stdin.isTTY ? stdin : new PassThrough();
    const server = start({
      input,
      output: stdout,
      terminal: stdin.isTTY && stdout.isTTY,
      useGlobal: true,
      breakEvalOnSigint: true,
      ignoreUndefined: true,
    });
    Object.assign(server.context, { asyncio, socket });
    const feed = input === stdin ? () => {} : feeder(input as PassThrough);
    const left = asyncio.getRunningLoop().createFuture<void>();
    const onPrompt = (): void => {
      if (!left.done()) feed();
    };
    onInterrupt = runInTasks(server, onPrompt, (error) => left.setException(error));
    feed();
    server.once('exit', () => {
      if (!left.done()) left.setResult();
    });
    try {
      await left;
    } finally {
      server.close();
    }
  });
  console.log('exiting asyncio REPL...');
  return 0;
}

/** Wraps `0`, `''` or `undefined` that code has thrown. */
class Thrown {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

let onInterrupt = (): void => {};
const interrupt = (): void => onInterrupt();

/** Listens for SIGINT if it does not already. Not during Node's `eval`, which removes the listeners' handler. */
function listen(): void {
  if (process.listeners('SIGINT').includes(interrupt)) return;
  process.on('SIGINT', interrupt);
}

/** Passes on one line of a pipe or file per call. Otherwise Node's REPL would run the next line during an `await`. */
function feeder(input: PassThrough): () => void {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  let isReading = false;
  return () => {
    if (isReading) return;
    isReading = true;
    void lines.next().then(({ done, value }) => {
      isReading = false;
      if (done) input.end();
      else input.write(`${value}\n`);
    });
  };
}

/**
 * Makes `server` run each input in its own task. Node's `eval` is called immediately, because it holds back further
 * input while it waits. It does not report that code has failed, but then shows a new prompt.
 *
 * @param onPrompt - called when the next line may be passed on
 * @param leave - called when code throws a `SystemExit`
 * @returns a function that interrupts what is running
 */
function runInTasks(
  server: REPLServer,
  onPrompt: () => void,
  leave: (error: asyncio.SystemExit) => void,
): () => void {
  const { eval: run, displayPrompt, writer } = server;
  const emit: (event: string, ...args: unknown[]) => boolean = server.emit;
  const { stdin } = process;
  const state = server as unknown as { readonly closed: boolean };
  let current: asyncio.Task<void> | undefined;
  let end: (() => void) | undefined;
  let isInterrupted = false;
  let isRaw = false;
  let isResult = false;
  /** Is code starting, and did Node receive the signal in the meantime? */
  let isBeginning = false;
  let isPending = false;

  const evaluate: typeof run = function (this: REPLServer, code, context, file, done) {
    const js = withoutTypes(code);
    if (js === undefined) {
      done(new Recoverable(new SyntaxError('Unexpected end of input')), undefined);
      return;
    }
    isInterrupted = false;
    const body = (): Promise<void> =>
      new Promise((resolve) => {
        end = resolve;
        run.call(this, js, context, file, (error, result) => {
          listen();
          // From Node 22 on, a REPL shows no prompt after it is closed.
          if (state.closed) end?.();
          isResult = error === null;
          if (isResult || error) done(error, result);
          // Node's REPL does not print falsy errors. Before Node 26, it takes `null` for a result.
          else done(new Thrown(error) as unknown as Error, result);
        });
      });
    process.off('SIGINT', interrupt);
    isBeginning = true;
    isPending = false;
    const task = asyncio.createTask(body, { eagerStart: true });
    isBeginning = false;
    listen();
    if (end === undefined) return;
    current = task;
    // Makes Ctrl-C a signal rather than a key.
    isRaw = stdin.isTTY && stdin.isRaw;
    if (isRaw) stdin.setRawMode(false);
    if (isPending) onInterrupt();
  };
  Object.assign(server, {
    eval: evaluate,
    displayPrompt(this: REPLServer, preserveCursor?: boolean) {
      listen();
      endWritesCutOff();
      end?.();
      end = undefined;
      current = undefined;
      if (isRaw) stdin.setRawMode(true);
      isRaw = false;
      isResult = false;
      displayPrompt.call(this, preserveCursor);
      onPrompt();
    },
    writer(value: unknown): string {
      // Node may report a failure without calling back.
      if (state.closed) end?.();
      if (value instanceof asyncio.SystemExit && !isResult) leave(value);
      if (value instanceof Thrown) return writer.call(server, value.value);
      return isInterruption(value) ? 'KeyboardInterrupt' : writer.call(server, value);
    },
    emit(this: REPLServer, event: string, ...args: unknown[]) {
      if (event !== 'SIGINT' || !isBeginning) return emit.call(this, event, ...args);
      isPending = true;
      return true;
    },
  });
  const isInterruption = (value: unknown): boolean =>
    (isInterrupted && value instanceof asyncio.CancelledError) ||
    (value as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';

  return () => {
    if (current === undefined) {
      server.output.write('\nKeyboardInterrupt\n');
      server.clearBufferedCommand();
      server.displayPrompt();
      return;
    }
    isInterrupted = true;
    current.cancel();
    // It waits for a foreign promise, which cannot be cancelled: Node's REPL abandons it.
    if (current._awaited().length === 0) server.emit('SIGINT');
  };
}

/**
 * Completes a write that Ctrl-C interrupted, because Node stops code anywhere. Otherwise the stream would wait for the
 * write forever and print neither the error nor a prompt, as in Node's own REPL.
 */
function endWritesCutOff(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const { _writableState: state } = stream as unknown as {
      readonly _writableState: { writing: boolean; sync: boolean; onwrite(): void };
    };
    // `sync` is only true inside `_write()`.
    if (state.writing && state.sync) state.onwrite();
  }
}

/** The code as JavaScript; `undefined` if it continues in the next line. Invalid code is returned unchanged. */
function withoutTypes(code: string): string | undefined {
  const module = process.getBuiltinModule('node:module');
  const { stripTypeScriptTypes: strip } = module as { stripTypeScriptTypes?(code: string): string };
  if (strip === undefined || isJavaScript(code)) return code;
  const { emitWarning } = process;
  // Suppresses the warning that it is experimental.
  process.emitWarning = () => {};
  try {
    return strip(code);
  } catch (error) {
    return /got '<eof>'|unexpected eof|unterminated (template|block)/i.test(String(error))
      ? undefined
      : code;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isJavaScript(code: string): boolean {
  try {
    new Script(`async () => {\n${code}\n}`);
    return true;
  } catch {
    // A SyntaxError: it may be TypeScript.
    return false;
  }
}
