import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { plain } from '../scripts/plain.mjs';
import { loadLibc } from './client/libc.ts';
import { UsageError } from './options.ts';
import {
  compiled,
  findBun,
  findPython,
  findUvloop,
  type Missing,
  type Program,
} from './programs.ts';

/** A program that is measured. */
export interface Subject {
  /** Its name in the tables; --only also accepts the first word. */
  readonly name: string;
  /** How it is started; determined on first use. */
  find(): Command | Missing;
  /** How it is started on another Node, if possible. */
  on?(executable: string): Command;
}

export interface Command {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The yardsticks of the ratios: what every Node user has, and the limit. */
export const YARDSTICKS = { node: 'node:net', limit: 'C epoll' } as const;

/** The styles in which Python's echo server is written. */
const STYLES = ['sock', 'streams', 'protocol'] as const;

const inBench = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The echo servers. */
export const servers: readonly Subject[] = [
  inNode('asyncio-ts posix', 'servers/asyncio-ts.ts', { ASYNCIO_SOCKETS: 'posix' }),
  inNode('asyncio-ts posix into', 'servers/asyncio-ts-into.ts', { ASYNCIO_SOCKETS: 'posix' }),
  inNode('asyncio-ts posix streams', 'servers/asyncio-ts-streams.ts', { ASYNCIO_SOCKETS: 'posix' }),
  inNode('asyncio-ts posix protocol', 'servers/asyncio-ts-protocol.ts', {
    ASYNCIO_SOCKETS: 'posix',
  }),
  inNode('asyncio-ts node', 'servers/asyncio-ts.ts', { ASYNCIO_SOCKETS: 'node' }),
  inNode('asyncio-ts node streams', 'servers/asyncio-ts-streams.ts', { ASYNCIO_SOCKETS: 'node' }),
  inNode('asyncio-ts node protocol', 'servers/asyncio-ts-protocol.ts', { ASYNCIO_SOCKETS: 'node' }),
  {
    name: 'asyncio-ts echo',
    find: () => ({
      command: [process.execPath, inBench('../dist/cli.js'), 'echo', '--quiet', '--port=0'],
    }),
  },
  inNode(YARDSTICKS.node, 'servers/node-net.ts'),
  ...STYLES.map((style) => inPython(`CPython ${style}`, `servers/python-${style}.py`)),
  ...STYLES.map((style) => inUvloop(`uvloop ${style}`, `servers/python-${style}.py`)),
  {
    name: 'Bun',
    find: () => started(findBun(), ({ executable }) => [executable, inBench('servers/bun.ts')]),
  },
  ...inNodeWithKoffi('await', 'callbacks'),
  {
    name: YARDSTICKS.limit,
    find: () => started(compiled(inBench('servers/epoll.c')), ({ executable }) => [executable]),
  },
];

/** The programs that measure themselves, and print their results. */
export const micros: readonly Subject[] = [
  inNode('asyncio-ts', 'micro/asyncio-ts.ts'),
  inPython('CPython', 'micro/python.py'),
  inUvloop('uvloop', 'micro/python.py'),
];

/** The programs that create sleeping tasks, and print their memory. */
export const sleepers: readonly Subject[] = [
  {
    name: 'asyncio-ts',
    find: () => ({
      command: [
        process.execPath,
        // By default, Node fails at a heap of 2 to 4 GB.
        '--max-old-space-size=16384',
        '--expose-gc',
        plain('bench/memory/asyncio-ts.ts'),
      ],
    }),
  },
  inPython('CPython', 'memory/python.py'),
  inUvloop('uvloop', 'memory/python.py'),
];

/**
 * The servers named by --only, by default all; this library's and node:net also on further Nodes.
 *
 * @throws {UsageError} if a name is unknown, or there is no such Node
 */
export function chosen(
  only: readonly string[] | undefined,
  nodes: readonly string[] = [],
): readonly Subject[] {
  const named = namedBy(only);
  return [...named, ...nodes.flatMap((node) => named.flatMap((subject) => onNode(subject, node)))];
}

function onNode({ name, on }: Subject, executable: string): Subject[] {
  if (on === undefined) return [];
  return [{ name: `${name} (${majorOf(executable)})`, find: () => on(executable) }];
}

function majorOf(executable: string): number {
  const { stdout } = spawnSync(executable, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  const major = Number.parseInt(stdout ?? '', 10);
  if (Number.isNaN(major)) throw new UsageError(`--node must be a Node, got '${executable}'`);
  return major;
}

function namedBy(only: readonly string[] | undefined): readonly Subject[] {
  if (only === undefined) return servers;
  const isNamed = (subject: Subject, asked: string): boolean =>
    subject.name === asked || subject.name.split(' ')[0] === asked;
  const unknown = only.find((asked) => !servers.some((subject) => isNamed(subject, asked)));
  if (unknown !== undefined) {
    const names = servers.map(({ name }) => name).join(', ');
    throw new UsageError(`there is no server '${unknown}', only ${names}`);
  }
  return servers.filter(
    (subject) => subject.name === YARDSTICKS.node || only.some((asked) => isNamed(subject, asked)),
  );
}

function inNode(name: string, file: string, environment: Record<string, string> = {}): Subject {
  const command = (executable: string): Command => ({
    command: [executable, plain(`bench/${file}`)],
    environment,
  });
  return { name, find: () => command(process.execPath), on: command };
}

/** The limit of what is possible in Node, as the C server is the overall limit. */
function inNodeWithKoffi(...styles: string[]): Subject[] {
  return styles.map((style) => ({
    name: `koffi alone ${style}`,
    find: () =>
      loadLibc() === undefined
        ? { missing: 'no koffi, or this is not Linux' }
        : { command: [process.execPath, plain('bench/servers/koffi.ts'), style] },
  }));
}

function inPython(name: string, file: string): Subject {
  return {
    name,
    find: () => started(findPython(), ({ executable }) => [executable, inBench(file)]),
  };
}

function inUvloop(name: string, file: string): Subject {
  return {
    name,
    find: () => started(findUvloop(), ({ executable }) => [executable, inBench(file), 'uvloop']),
  };
}

function started(
  program: Program | Missing,
  command: (program: Program) => readonly [string, ...string[]],
): Command | Missing {
  return 'missing' in program ? program : { command: command(program) };
}
