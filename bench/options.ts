import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { distinct } from './figures.ts';
import type { Load, WireName } from './loads.ts';

export const HELP = `Usage: npm run bench [-- [micro] OPTIONS]
       npm run bench -- memory [--tasks N]

Measures echo servers side by side, and what the loop itself costs, in about 5 minutes.
With micro, only what the loop costs; with memory, what memory a task takes that sleeps. bench/README.md says how each figure is made.

Options:
  --rounds N        how often each is measured; medians are printed   (default: 3)
  --seconds S       how long each is measured in each round           (default: 0.3)
  --only NAMES      the servers to measure, with commas, by their names or the first word of
                    these: 'asyncio-ts', 'uvloop sock'; node:net comes always
  --node PATH       another Node for our servers and node:net; may be given more than once
  --loads LOADS     the loads, with commas                            (default: all of these)
                    CONNECTIONSxBYTES  messages of so many bytes, one under way on each connection
                                       1x1000,10x1000,100x1000,1000x1000,10x100000
                    accept             connect, one message, close
                    idle               one active connection among idle ones
  --idle N          how many are idle                                 (default: 9000)
  --leavers N       before the loads, N clients connect to each server, and leave in different ways:
                    in the middle of a message, with a reset, unread     (default: none)
  --others SHARE    figures do not count if all other programs used more than this share of one
                    processor meanwhile                               (default: 0.2)
  --client WIRE     how the client reaches the servers: epoll, on Linux where koffi is installed,
                    or net, which is node:net               (default: epoll where it can be had)
  --no-micro        leave out what the loop itself costs
  --json FILE       write every figure of every round to FILE, too
  --svg FILE        draw the processor time per message to FILE, too: of 100x1000 and 10x100000
  --history FILE    add the ratios to FILE, with the commit; bench/history.jsonl has earlier ones
  --help            show this

Environment:
  BUN               the bun to measure, where it is not in the PATH
  PYTHON            the python3 to measure, with uvloop where it can import that
                                  (default: one in the PATH or /usr/bin, best one with uvloop)

Status: 0 done, 1 a server failed under load or nothing was measured, 2 wrong usage.
`;

const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '0.3' },
  only: { type: 'string' },
  node: { type: 'string', multiple: true },
  loads: { type: 'string' },
  idle: { type: 'string' },
  leavers: { type: 'string' },
  others: { type: 'string', default: '0.2' },
  client: { type: 'string' },
  'no-micro': { type: 'boolean' },
  json: { type: 'string' },
  svg: { type: 'string' },
  history: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/** What is of no use where no server is measured. */
const ABOUT_SERVERS = [
  'seconds',
  'only',
  'node',
  'loads',
  'idle',
  'leavers',
  'others',
  'client',
  'no-micro',
  'svg',
  'history',
];

const ALL_LOADS = '1x1000,10x1000,100x1000,1000x1000,10x100000,accept,idle';

/** How the measurement is to be done. */
export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[] | undefined;
  /** Further Nodes, by their paths. */
  readonly nodes: readonly string[];
  /** Empty: no server is measured. */
  readonly loads: readonly Load[];
  /** How many clients leave each server before the loads. */
  readonly leavers: number;
  /** The most that others may use, in processors. */
  readonly others: number;
  /** Without it: `epoll` where that can be had. */
  readonly client: WireName | undefined;
  readonly micro: boolean;
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly history: string | undefined;
}

/** The bench was not called as it can be; the message is a line for the user. */
export class UsageError extends Error {}

/**
 * @returns `undefined` when help was asked for
 * @throws {UsageError} when the arguments are not as in {@link HELP}
 */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values, positionals, tokens } = parse(args);
  if (values.help) return undefined;
  const [what, ...more] = positionals;
  if (what !== undefined && what !== 'micro')
    throw new UsageError(`there is no ${what}, only micro`);
  if (more.length > 0) throw new UsageError(`micro takes no ${more[0]}`);
  const unfit = tokens.find(
    (token) => token.kind === 'option' && ABOUT_SERVERS.includes(token.name),
  );
  if (what === 'micro' && unfit?.kind === 'option')
    throw new UsageError(`micro takes no --${unfit.name}`);
  const idle = whole('--idle', values.idle ?? '9000');
  const names = distinct((values.loads ?? ALL_LOADS).split(',').map((text) => text.trim()));
  const loads = names.map((name) => parseLoad(name, idle));
  if (values.idle !== undefined && !loads.some(({ kind }) => kind === 'idle'))
    throw new UsageError('--idle needs the load idle among --loads');
  if (values.svg !== undefined && !loads.some(({ kind }) => kind === 'echo'))
    throw new UsageError('--svg needs a load like 100x1000 among --loads');
  return {
    rounds: whole('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    only: values.only?.split(',').map((name) => name.trim()),
    nodes: values.node ?? [],
    loads: what === 'micro' ? [] : loads,
    leavers: values.leavers === undefined ? 0 : whole('--leavers', values.leavers),
    others: positive('--others', values.others),
    client: wire(values.client),
    micro: !values['no-micro'],
    json: writable('--json', values.json),
    svg: writable('--svg', values.svg),
    history: writable('--history', values.history),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true, tokens: true });
  } catch (error) {
    // Node says what is wrong in the first sentence, and how to get around it in the others.
    throw new UsageError(String((error as Error).message).split(/\. |\n/)[0]);
  }
}

function whole(option: string, text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`${option} must be a whole number from 1, got '${text}'`);
}

function positive(option: string, text: string): number {
  if (/^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`${option} must be a number above 0, got '${text}'`);
}

function parseLoad(text: string, idle: number): Load {
  if (text === 'accept') return { kind: 'accept' };
  if (text === 'idle') return { kind: 'idle', connections: idle };
  const [connections, size] = /^(\d+)x(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (connections && size) return { kind: 'echo', connections, size };
  throw new UsageError(`a load must be accept, idle or look like 100x1000, got '${text}'`);
}

function wire(text: string | undefined): WireName | undefined {
  if (text === undefined || text === 'epoll' || text === 'net') return text;
  throw new UsageError(`--client must be epoll or net, got '${text}'`);
}

/** Better said now than when all is measured. */
function writable(option: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error('it is a folder');
    accessSync(there === undefined ? path.dirname(path.resolve(file)) : file, constants.W_OK);
    return file;
  } catch (error) {
    throw new UsageError(`${option} cannot be written to '${file}': ${(error as Error).message}`);
  }
}
