#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { takeKeys } from './cli/live/keys.ts';
import type { LookCommand } from './cli/look.ts';
import type { ParentMessage } from './cli/process/say.ts';
import type { Style } from './echo/styles.ts';

/** Exit statuses. */
const STATUS = { failed: 1, usage: 2, interrupted: 130, unread: 141, terminated: 143 };

/** The maximum number of worker threads: more than any machine has cores, but few enough to work. */
const MOST_WORKERS = 256;

const HELP = `Usage: asyncio-ts [COMMAND] [OPTIONS]

Commands:
  repl          start an interactive REPL with a running loop; await works (default)
  echo          run an echo server
  ps PID        show the tasks of a running process
  pstree PID    show the tasks as a tree: which task awaits which
  why PID TASK  explain why a task does not continue
  top PID       show live what takes the time; press q to quit
  trace PID     record what happens, for Perfetto or chrome://tracing
  inspect PID   show the tasks live, on a web page on 127.0.0.1
  simulate FILE run a program that calls simulate() with many seeds until a run fails

Options of trace:
  --seconds N      how long to record                (default: 5)
  -o, --output FILE   the file to write          (default: trace.json)

Options of inspect:
  --port PORT      the port of the page              (default: any)

Options of simulate:
  --runs N         seeds to try                      (default: the program's)
  --jobs N         processes to run in parallel      (default: 1)
  --seed SEED      the first seed                    (default: the program's)
  --faults PROFILE calm, rough or hell               (default: the program's)
  --timeout SECONDS  how long a run may take          (default: 600)
  --svg FILE       draw the failing run as a sequence diagram

Options of ps and pstree:
  --all            also print connections, timers, executors and failures
  --json           print all available data as JSON

Options of echo:
  --host HOST      the address to listen on          (default: 127.0.0.1)
  --port PORT      the port to listen on; 0 for any  (default: 8000)
  --style STYLE    sock, streams or protocol         (default: sock; with --tls: streams)
  --tls            encrypt, with a freshly generated, self-signed certificate
  --workers N      the number of threads, each with its own loop   (default: 1)
  --quiet          do not print a line for each connection
  --grace SECONDS  how long to wait for open connections when the server stops   (default: 2)

Options:
  --help           show this
  --version        show the version

Ctrl-C stops the server gracefully; a second Ctrl-C ends it at once.
Exit status: 0 success, 1 failure, 2 wrong usage, 130 Ctrl-C, 141 output closed, 143 SIGTERM.
`;

const STYLES: readonly Style[] = ['sock', 'streams', 'protocol'];

const OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string' },
  style: { type: 'string' },
  tls: { type: 'boolean' },
  workers: { type: 'string', default: '1' },
  quiet: { type: 'boolean' },
  grace: { type: 'string', default: '2' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  seconds: { type: 'string' },
  output: { type: 'string', short: 'o', default: 'trace.json' },
  runs: { type: 'string' },
  jobs: { type: 'string', default: '1' },
  seed: { type: 'string' },
  faults: { type: 'string' },
  svg: { type: 'string' },
  timeout: { type: 'string', default: '600' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Option = keyof typeof OPTIONS;

/** Set in the child process that looks into another process. */
const LOOKER = 'ASYNCIO_TS_LOOKER';

/** The arguments are wrong. */
class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.version) {
    console.log(version());
    return 0;
  }
  const [command = 'repl', ...rest] = positionals;
  // A server continues without a reader of its log.
  if (command !== 'echo') endIfUnread();
  if (command === 'repl') {
    if (rest.length > 0) throw new UsageError(`unexpected argument for repl: ${rest[0]}`);
    const { repl } = await import('./cli/repl.ts');
    return await repl();
  }
  if (command === 'simulate') return await simulateFile(rest, values);
  if (command !== 'echo') {
    const port = wholeNumber('--port', values.port ?? '0', 0, 65_535);
    const time = seconds('--seconds', values.seconds ?? '5');
    const show = async (where: string, until: Promise<void>): Promise<void> => {
      const { look, showLive, top, trace } = await import('./cli/look.ts');
      if (command === 'inspect') await showLive(where, port, until);
      else if (command === 'top') await top(where, until);
      else if (command === 'trace') await trace(where, time, values.output, until);
      else await look(command as LookCommand, where, rest.slice(1), values, until);
    };
    return await lookInto(command, rest, show, command === 'why' ? ['the name of a task'] : []);
  }
  if (rest.length > 0) throw new UsageError(`unexpected argument for echo: ${rest[0]}`);
  const workers = wholeNumber('--workers', values.workers, 1, MOST_WORKERS);
  const style = styleOf(values.style ?? (values.tls ? 'streams' : 'sock'));
  if (values.tls && style === 'sock')
    throw new UsageError('the sock style cannot encrypt: --tls needs --style streams or protocol');
  const options = {
    host: values.host,
    port: wholeNumber('--port', values.port ?? '8000', 0, 65_535),
    grace: seconds('--grace', values.grace),
    style,
    workers,
    isEncrypted: values.tls === true,
    isQuiet: values.quiet === true,
  };
  return await orFailure(async () => {
    const { echo } = await import('./cli/echo.ts');
    return await echo(options, complain);
  });
}

/**
 * Looks into a process until the process ends, or the command is ended or killed.
 *
 * @param needed - what the command needs besides the process
 */
async function lookInto(
  command: string,
  args: string[],
  show: (where: string, until: Promise<void>) => Promise<void>,
  needed: string[],
): Promise<number> {
  const where = checkProcess(command, args, needed);
  if (process.env[LOOKER] === undefined) return await inProcessOfItsOwn();
  const status = await orFailure(async () => {
    await show(
      where,
      once(process, 'disconnect').then(() => {}),
    );
    return 0;
  });
  await new Promise<void>((resolve) => void process.stderr.write('', () => resolve()));
  // Unanswered questions would keep it.
  process.exit(status);
}

async function simulateFile(
  [file, more]: string[],
  values: ReturnType<typeof parse>['values'],
): Promise<number> {
  if (file === undefined) throw new UsageError('simulate needs a file');
  if (more !== undefined) throw new UsageError(`unexpected argument for simulate: ${more}`);
  const { runs, seed, faults, svg } = values;
  if (faults !== undefined && !['calm', 'rough', 'hell'].includes(faults))
    throw new UsageError(`--faults must be calm, rough or hell, got '${faults}'`);
  const options = {
    file,
    runs: runs === undefined ? undefined : wholeNumber('--runs', runs, 1, Number.MAX_SAFE_INTEGER),
    jobs: wholeNumber('--jobs', values.jobs, 1, MOST_WORKERS),
    // A number, as in a program: further runs use the following numbers.
    seed: seed !== undefined && /^\d+$/.test(seed) ? Number(seed) : seed,
    faults: faults as 'calm' | 'rough' | 'hell' | undefined,
    svg,
    timeout: seconds('--timeout', values.timeout),
  };
  return await orFailure(async () => {
    const { simulateFile } = await import('./cli/simulate.ts');
    return await simulateFile(options);
  });
}

/** Checks that a command has exactly the arguments it needs. */
function checkProcess(command: string, [where, ...rest]: string[], needed: string[]): string {
  if (where === undefined)
    throw new UsageError(`${command} needs a process ID, or the path of a listening program`);
  const missing = needed[rest.length];
  if (missing !== undefined) throw new UsageError(`${command} needs ${missing}`);
  const more = rest[needed.length];
  if (more !== undefined) throw new UsageError(`unexpected argument for ${command}: ${more}`);
  return where;
}

async function orFailure(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    // Checked by name, because this file imports nothing eagerly, so that it starts fast.
    if ((error as Error).name !== 'Failure') throw error;
    complain((error as Error).message);
    return STATUS.failed;
  } finally {
    if (process.connected) process.disconnect();
  }
}

/**
 * Runs this command in a child process, which has a WebSocket on Node 20. The target closes its inspector when the
 * child has ended. So this process prints what the child says: readers may be slow. The child notices by the end of
 * their channel that this process has ended or was killed. If the child draws on the terminal, this process reads the
 * keys.
 */
async function inProcessOfItsOwn(): Promise<number> {
  const options = ['--experimental-websocket', '--no-warnings'];
  const child = spawn(process.execPath, [...options, ...process.argv.slice(1)], {
    // Detached, so that Ctrl-C does not reach it.
    detached: true,
    env: { ...process.env, [LOOKER]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  let ended: number | undefined;
  const end = (status: number) => (): void => {
    // A second Ctrl-C does not wait for it.
    if (ended !== undefined) process.exit(status);
    ended = status;
    if (child.connected) child.disconnect();
  };
  process.on('SIGINT', end(STATUS.interrupted)).on('SIGTERM', end(STATUS.terminated));
  let restoreTerminal: ReturnType<typeof takeKeys> | undefined;
  child.on('message', ({ text, leave }: ParentMessage) => {
    if (leave === undefined) process.stdout.write(text as string);
    else
      restoreTerminal = takeKeys(
        leave,
        (key) => end(key === 'q' ? 0 : STATUS.interrupted)(),
        (size) => child.connected && child.send(size),
      );
  });
  // When it has ended, what it has said may not have been read yet.
  const [[status]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [
    [number | null],
    unknown,
  ];
  restoreTerminal?.(status !== null);
  // From now on, Ctrl-C does not wait until the output has been read.
  ended ??= status ?? STATUS.failed;
  return ended;
}

/** Ends this process when the reader of its output has gone, as with `| head`. */
function endIfUnread(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(STATUS.unread);
      complain(message);
      process.exit(STATUS.failed);
    });
}

/** Parses the arguments. The command decides which options there are. */
function parse(args: string[]) {
  const [command = 'repl'] = parseArgs({ args, options: OPTIONS, strict: false }).positionals;
  const commands = Array.from(HELP.matchAll(/^ {2}([a-z]+) /gm), ([, name]) => name);
  if (!commands.includes(command))
    throw new UsageError(`no such command: ${command}, only ${commands.join(', ')}`);
  const known = optionsOf(command);
  const options = Object.fromEntries(known.map((name) => [name, OPTIONS[name]]));
  try {
    return parseArgs({ args, options: options as typeof OPTIONS, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new UsageError(
        `${command} has no option ${/'(.*?)'/.exec(message)?.[1]}, only --${known.join(', --')}`,
      );
    // The first sentence of Node's message says what is wrong; the others suggest workarounds.
    throw new UsageError(message.split(/\. |\n/)[0]);
  }
}

/** The options of a command: exactly those in the help. */
function optionsOf(command: string): Option[] {
  const title = new RegExp(`^Options(?: of .*\\b${command}\\b.*)?:`);
  return HELP.split('\n\n')
    .filter((section) => title.test(section))
    .flatMap((section) => Array.from(section.matchAll(/ --(\w+) /g), ([, name]) => name as Option));
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${option} must be an integer from ${least} to ${most}, got '${text}'`);
}

function styleOf(text: string): Style {
  const style = STYLES.find((each) => each === text);
  if (style !== undefined) return style;
  throw new UsageError(`--style must be one of ${STYLES.join(', ')}, got '${text}'`);
}

function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`${option} must be a number of seconds >= 0, got '${text}'`);
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function complain(text: string): void {
  process.stderr.write(`asyncio-ts: ${text}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  complain(error.message);
  process.exitCode = STATUS.usage;
}
