#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { takeKeys } from './cli/live/keys.ts';
import type { Style } from './echo/styles.ts';

/** What the command ends with. */
const STATUS = { failed: 1, usage: 2, interrupted: 130, terminated: 143 };

/** The most threads that share a port: more than any machine has cores, and fewer than break it. */
const MOST_WORKERS = 256;

const HELP = `Usage: asyncio-ts [COMMAND] [OPTIONS]

Commands:
  repl          type code and see its results, with await and a loop that runs (default)
  echo          serve: send back whatever a client sends
  ps PID        show the tasks of a running process
  pstree PID    the same as a tree: who awaits whom
  why PID TASK  tell why a task does not go on
  top PID       show live what takes its time; q ends it
  trace PID     record what it does, for Perfetto or chrome://tracing
  inspect PID   show the tasks live, on a page on 127.0.0.1
  simulate FILE run a program that calls simulate(), seed by seed, until a run fails

Options of trace:
  --seconds N      for how long                      (default: 5)
  -o, --output FILE   where to                       (default: trace.json)

Options of inspect:
  --port PORT      the port of the page              (default: any)

Options of simulate:
  --runs N         seeds to try                      (default: the program's)
  --jobs N         processes that share them         (default: 1)
  --seed SEED      the first of them                 (default: the program's)
  --faults PROFILE calm, rough or hell               (default: the program's)
  --svg FILE       draw the failing run: who sent what to whom

Options of ps and pstree:
  --json           print all that is known, as JSON

Options of echo:
  --host HOST      the address to listen on          (default: 127.0.0.1)
  --port PORT      the port to listen on; 0: any     (default: 8000)
  --style STYLE    sock, streams or protocol         (default: sock; with --tls: streams)
  --tls            encrypt, with a freshly generated, self-signed certificate
  --workers N      threads that serve, each with its own loop   (default: 1)
  --quiet          do not print a line for each connection
  --grace SECONDS  how long open connections may finish when the server stops   (default: 2)

Options:
  --help           show this
  --version        show the version

Ctrl-C stops the server gracefully; a second Ctrl-C ends it at once.
Exit status: 0 success, 1 failure, 2 wrong usage, 130 stopped by Ctrl-C, 143 stopped by SIGTERM.
`;

const STYLES: readonly Style[] = ['sock', 'streams', 'protocol'];

const OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string' },
  style: { type: 'string' },
  tls: { type: 'boolean', default: false },
  workers: { type: 'string', default: '1' },
  quiet: { type: 'boolean', default: false },
  grace: { type: 'string', default: '2' },
  json: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '5' },
  output: { type: 'string', short: 'o', default: 'trace.json' },
  runs: { type: 'string' },
  jobs: { type: 'string', default: '1' },
  seed: { type: 'string' },
  faults: { type: 'string' },
  svg: { type: 'string' },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

/** Set for the process that looks into another one. */
const LOOKER = 'ASYNCIO_TS_LOOKER';

/** The command was not called as it can be. */
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
  if (command === 'repl') {
    if (rest.length > 0) throw new UsageError(`unexpected argument for repl: ${rest[0]}`);
    const { repl } = await import('./cli/repl.ts');
    return await repl();
  }
  if (command === 'inspect') {
    const port = wholeNumber('--port', values.port ?? '0', 0, 65_535);
    return await lookInto(command, rest, async (where, until) => {
      await (await import('./cli/look.ts')).showLive(where, port, until);
    });
  }
  if (command === 'top')
    return await lookInto(command, rest, async (where, until) => {
      await (await import('./cli/look.ts')).top(where, until);
    });
  if (command === 'trace') {
    const time = seconds('--seconds', values.seconds);
    return await lookInto(command, rest, async (where, until) => {
      await (await import('./cli/look.ts')).trace(where, time, values.output, until);
    });
  }
  if (command === 'ps' || command === 'pstree' || command === 'why') {
    const needed = command === 'why' ? ['the name of a task'] : [];
    const show = async (where: string): Promise<void> => {
      await (await import('./cli/look.ts')).look(command, where, rest.slice(1), values.json);
    };
    return await lookInto(command, rest, show, needed);
  }
  if (command === 'simulate') return await simulateFile(rest, values);
  if (command !== 'echo') throw new UsageError(`no such command: ${command}`);
  if (rest.length > 0) throw new UsageError(`unexpected argument for echo: ${rest[0]}`);
  const workers = wholeNumber('--workers', values.workers, 1, MOST_WORKERS);
  const style = styleOf(values.style ?? (values.tls ? 'streams' : 'sock'));
  if (values.tls && style === 'sock')
    throw new UsageError('the sock style cannot encrypt: --tls needs --style streams or protocol');
  const wish = {
    host: values.host,
    port: wholeNumber('--port', values.port ?? '8000', 0, 65_535),
    grace: seconds('--grace', values.grace),
    style,
    workers,
    isEncrypted: values.tls,
    isQuiet: values.quiet,
  };
  return await orFailure(async () => {
    const { echo } = await import('./cli/echo.ts');
    return await echo(wish, complain);
  });
}

/**
 * Looks into a process until that ends, or the command is ended in whatever way.
 *
 * @param needed - what the command needs besides the process
 */
async function lookInto(
  command: string,
  args: string[],
  show: (where: string, until: Promise<void>) => Promise<void>,
  needed: string[] = [],
): Promise<number> {
  const where = checkProcess(command, args, needed);
  if (process.env[LOOKER] === undefined) return await inProcessOfItsOwn();
  return await orFailure(async () => {
    await show(
      where,
      once(process, 'disconnect').then(() => {}),
    );
    return 0;
  });
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
  const wish = {
    file,
    runs: runs === undefined ? undefined : wholeNumber('--runs', runs, 1, Number.MAX_SAFE_INTEGER),
    jobs: wholeNumber('--jobs', values.jobs, 1, MOST_WORKERS),
    // As a program would write it: further runs count on from a number.
    seed: seed !== undefined && /^\d+$/.test(seed) ? Number(seed) : seed,
    faults: faults as 'calm' | 'rough' | 'hell' | undefined,
    svg,
  };
  return await orFailure(async () => {
    const { simulateFile } = await import('./cli/simulate.ts');
    return await simulateFile(wish);
  });
}

/** Looks whether a command has a process and what else it needs, and nothing more. */
function checkProcess(command: string, [where, ...rest]: string[], needed: string[]): string {
  if (where === undefined)
    throw new UsageError(`${command} needs the number of a process, or a path where it listens`);
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
    // By its name: this file imports nothing at once, so that it starts soon.
    if ((error as Error).name !== 'Failure') throw error;
    complain((error as Error).message);
    return STATUS.failed;
  } finally {
    if (process.connected) process.disconnect();
  }
}

/**
 * Runs this command in another process. That one closes the inspector that it has opened, also if this one is
 * killed meanwhile, and it has a WebSocket on Node 20. It is told by the end of their channel that this one has ended.
 * If it draws on the terminal, this one reads the keys.
 */
async function inProcessOfItsOwn(): Promise<number> {
  const options = ['--experimental-websocket', '--no-warnings'];
  const child = spawn(process.execPath, [...options, ...process.argv.slice(1)], {
    // Out of reach of Ctrl-C.
    detached: true,
    env: { ...process.env, [LOOKER]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  let ended: number | undefined;
  const end = (status: number) => (): void => {
    // The second time it is not waited for.
    if (ended !== undefined) process.exit(status);
    ended = status;
    if (child.connected) child.disconnect();
  };
  process.on('SIGINT', end(STATUS.interrupted)).on('SIGTERM', end(STATUS.terminated));
  let giveBack: ReturnType<typeof takeKeys> | undefined;
  child.once('message', (leave: string) => {
    giveBack = takeKeys(
      leave,
      (key) => end(key === 'q' ? 0 : STATUS.interrupted)(),
      (size) => child.connected && child.send(size),
    );
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  giveBack?.(status !== null);
  return ended ?? status ?? STATUS.failed;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // Node says what is wrong in the first sentence, and how to get around it in the others.
    throw new UsageError(String((error as Error).message).split(/\. |\n/)[0]);
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}, got '${text}'`);
}

function styleOf(text: string): Style {
  const style = STYLES.find((each) => each === text);
  if (style !== undefined) return style;
  throw new UsageError(`--style must be one of ${STYLES.join(', ')}, got '${text}'`);
}

function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`${option} must be a number of seconds from 0, got '${text}'`);
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
  complain(`${error.message}\nasyncio-ts --help shows what there is`);
  process.exitCode = STATUS.usage;
}
