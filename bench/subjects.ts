import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program that is measured. */
export interface Subject {
  /** What it is called in the tables, and by --only. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** What the ratios are of. */
export const YARDSTICK = 'node:net';

const node = process.execPath;
const inBench = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const python = findPython();

/** The echo servers there are on this machine. */
export const servers: readonly Subject[] = [
  { name: 'asyncio-ts', command: [node, '--import', 'tsx', inBench('servers/asyncio-ts.ts')] },
  {
    name: 'asyncio-ts echo',
    command: [node, inBench('../dist/cli.js'), 'echo', '--quiet', '--port=0'],
  },
  { name: YARDSTICK, command: [node, '--import', 'tsx', inBench('servers/node-net.ts')] },
  ...inPython('servers/cpython.py'),
];

/** The programs that measure themselves, and print the figures of {@link MICRO}. */
export const micros: readonly Subject[] = [
  { name: 'asyncio-ts', command: [node, '--import', 'tsx', inBench('micro/asyncio-ts.ts')] },
  ...inPython('micro/cpython.py'),
];

/** What is compared, with its versions. */
export function versions(): string {
  return `Node ${process.versions.node}, ${python ? `CPython ${python.version}` : 'no python3'}`;
}

function inPython(file: string): Subject[] {
  return python ? [{ name: 'CPython', command: [python.executable, inBench(file)] }] : [];
}

/** The interpreter itself: what stands in the PATH may be a script that starts it. */
function findPython(): { executable: string; version: string } | undefined {
  const asked = 'import sys, platform; print(sys.executable, platform.python_version())';
  for (const name of ['python3', 'python']) {
    const { status, stdout } = spawnSync(name, ['-c', asked], { encoding: 'utf8' });
    const [, executable, version] = /^(.+) (\S+)\n$/.exec(stdout ?? '') ?? [];
    if (status === 0 && executable && version) return { executable, version };
  }
  return undefined;
}
