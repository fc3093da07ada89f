import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { distinct } from './figures.ts';
import type { Load, WireName } from './loads.ts';

export const HELP = `Usage: npm run bench [-- [micro] OPTIONS]
       npm run bench -- memory [--tasks N]

Compares echo servers, and the costs of event loops, in about 15 minutes. With micro, only the costs
of event loops; with memory, the memory of a sleeping task. bench/README.md explains the figures.

Options:
  --rounds N        the number of rounds; medians are printed         (default: 3)
  --seconds S       how long each load is measured in a round         (default: 0.3)
  --only NAMES      the servers to measure, separated by commas, by name or by the first word of
                    the name: 'asyncio-ts', 'uvloop sock'; always includes node:net
  --node PATH       another Node for asyncio-ts and node:net; can be repeated
  --loads LOADS     the loads, separated by commas                    (default: all of these)
                    CONNECTIONSxBYTES  messages of this size, one in flight on each connection
                                       1x1000,10x1000,100x1000,1000x1000,10x100000
                    accept             connect, one message, close
                    idle               one active connection among idle ones
  --idle N          the number of idle connections                    (default: 9000)
  --leavers N       before the loads, N clients connect to each server, and leave in different ways:
                    in the middle of a message, with a reset, without reading   (default: none)
  --others SHARE    discard figures if all other programs used more than this share of one
                    processor in the meantime                         (default: 0.2)
  --client WIRE     how the client connects: epoll, on Linux with koffi, or net, which is node:net
                                                          (default: epoll if available)
  --no-micro        leave out the costs of event loops
  --json FILE       also write all figures of all rounds to FILE
  --svg FILE        also draw a chart of the processor time per message: of 100x1000 and 10x100000
  --history FILE    append the ratios of this commit to FILE
  --help            show this

Environment:
  BUN               the bun to measure, if it is not in the PATH
  PYTHON            the python3 to measure
                                  (default: the first of the PATH and /usr/bin that has uvloop)

Exit status: 0 success, 1 a server failed under load or nothing was measured, 2 wrong usage.
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

/** Options without effect if no server is measured. */
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

/** How to measure. */
export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[] | undefined;
  /** The paths of further Nodes. */
  readonly nodes: readonly string[];
  /** If empty, no server is measured. */
  readonly loads: readonly Load[];
  /** How many clients disconnect from each server before the loads. */
  readonly leavers: number;
  /** How many CPUs other processes may use. */
  readonly others: number;
  /** By default, `epoll` if available. */
  readonly client: WireName | undefined;
  readonly micro: boolean;
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly history: string | undefined;
}

/** Wrong usage of the benchmark; the message is a line for the user. */
export class UsageError extends Error {}

/**
 * @returns `undefined` if help was requested
 * @throws {UsageError} if the arguments do not match {@link HELP}
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
    // The first sentence of Node's message says what is wrong, the others how to get around it.
    throw new UsageError(String((error as Error).message).split(/\. |\n/)[0]);
  }
}

function whole(option: string, text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`${option} must be an integer >= 1, got '${text}'`);
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

/** Checked now rather than after the measurement. */
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
