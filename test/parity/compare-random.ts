/**
 * Makes random programs of servers, of streams, or of pipes and child processes, runs them here and in CPython 3.13, and prints those that
 * differ:
 *
 *     node --import ./scripts/shipped.mjs test/parity/compare-random.ts servers 500 1 posix python3.13
 *     node --import ./scripts/shipped.mjs test/parity/compare-random.ts streams 500 1 memory python3.13
 *     node --import ./scripts/shipped.mjs test/parity/compare-random.ts processes 1000 1 posix python3.13
 *
 * With `old` behind, only what an older CPython does in the same way. Exits with 1 if any differs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/child.ts';

const [kind = 'servers', count = '500', seed = '1', driver = 'posix', python = 'python3', old] =
  process.argv.slice(2);

/** What Python 3.11 does not have, or does otherwise. */
const NEW =
  kind === 'streams'
    ? /_closed|wait|_clients|forever|next|upgrade|tls/
    : /_closed|wait|_clients|forever|next/;

interface Step {
  readonly do: string;
  readonly n?: number;
}

interface Program {
  readonly family: string;
  readonly handler?: string;
  readonly place: string;
  readonly steps: Step[][];
}

async function output(command: string, args: string[]): Promise<string> {
  const { stdout, stderr, status } = await runCommand(command, args);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}

const node = (name: string, ...args: string[]): Promise<string> =>
  output(process.execPath, ['--import', 'tsx', `test/parity/${name}.ts`, ...args]);

/**
 * Leaves out what is new: several separators, too. In older ones the path of a server stays, so none of a
 * path is closed.
 */
function aged(line: string): string {
  const program = JSON.parse(line) as Program;
  const isOld = ({ do: what, n }: Step): boolean =>
    !NEW.test(what) &&
    !(program.family === 'unix' && what === 'server_close') &&
    !(what === 'readuntil' && n === 2);
  const steps = program.steps.map((group) => group.filter(isOld));
  return JSON.stringify({ ...program, steps: steps.filter((group) => group.length > 0) });
}

/**
 * What is the same on drivers that keep bytes otherwise than the kernel: one write at a time, which is no
 * larger than what they keep, and streams that are read without a limit. In memory, a peer that has gone is
 * seen at once.
 */
function simple(line: string): string {
  const program = JSON.parse(line) as Program;
  const steps = program.steps.map((group) => {
    const first = group.find(({ do: what }) => what.startsWith('write'));
    return group.filter((step) => {
      const { do: what, n = 0 } = step;
      if (what.startsWith('write')) return step === first && n < 100_000;
      return what !== 'stranger_sends' && !(what === 'read' && n > 1);
    });
  });
  // Not before Node 22 have Node's own sockets SO_REUSEPORT.
  const place = program.place === 'shared' ? 'made' : program.place;
  const mended = { ...program, place, steps: steps.filter((group) => group.length > 0) };
  if (kind === 'servers') return JSON.stringify(mended);
  const handler = program.handler === 'plain' ? 'plain' : 'waits';
  return JSON.stringify({ ...mended, handler, limit: 65_536 });
}

/**
 * Are all differences of a program on Node's driver those of docs/differences.md, "An end in place of a reset over
 * AF_UNIX"? The first of each connection is a reset there and none here; what follows from it differs, too.
 */
function hasEndsForResets(line: string, theirs = '', ours = ''): boolean {
  if (driver !== 'node' || (JSON.parse(line) as Program).family !== 'unix') return false;
  const [there, here] = [theirs, ours].map((text) => text.split('\n')) as [string[], string[]];
  if (there.length !== here.length) return false;
  const seen = new Set<string>();
  return there.every((text, n) => {
    const other = here[n] as string;
    const connection = /^ *(?:client|served) \d+(?= \|)/.exec(text)?.[0];
    if (text === other || (connection !== undefined && seen.has(connection))) return true;
    if (connection === undefined || !other.startsWith(connection)) return false;
    seen.add(connection);
    return text.includes('ConnectionResetError') && !other.includes('ConnectionResetError');
  });
}

const folder = mkdtempSync(join(tmpdir(), 'asyncio-'));
try {
  const file = join(folder, 'programs.jsonl');
  const made = (await node(`make-random-${kind}`, count, seed)).trimEnd().split('\n');
  const mended = driver.startsWith('posix') || kind === 'processes' ? made : made.map(simple);
  const programs = old === 'old' ? mended.map(aged) : mended;
  writeFileSync(file, `${programs.join('\n')}\n`);
  const printed = await Promise.all([
    output(python, [`test/parity/random-${kind}.py`, file]),
    node(`random-${kind}`, file, driver),
  ]);
  const [theirs, ours] = printed.map((text) => text.split(/^program \d+\n/m)) as [
    string[],
    string[],
  ];
  let different = 0;
  let known = 0;
  for (const [n, program] of programs.entries()) {
    if (ours[n + 1] === theirs[n + 1]) continue;
    if (hasEndsForResets(program, theirs[n + 1], ours[n + 1])) {
      known += 1;
      continue;
    }
    different += 1;
    console.log(`program ${n}: ${program}\n--- CPython\n${theirs[n + 1]}--- here\n${ours[n + 1]}`);
  }
  console.log(`${different} of ${count} programs differ`);
  if (known > 0) console.log(`${known} more see an end in place of a reset over AF_UNIX`);
  process.exitCode = different > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
