/**
 * Makes random programs of servers, runs them here and in CPython 3.13, and prints those that differ:
 *
 *     npx tsx test/parity/compare-servers.ts 500 1 posix python3.13
 *
 * Exits with 1 if any does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/child.ts';

const [count = '500', seed = '1', driver = 'posix', python = 'python3'] = process.argv.slice(2);

async function output(command: string, args: string[]): Promise<string> {
  const { stdout, stderr, status } = await runCommand(command, args);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}

const node = (name: string, ...args: string[]): Promise<string> =>
  output(process.execPath, ['--import', 'tsx', `test/parity/${name}.ts`, ...args]);

const folder = mkdtempSync(join(tmpdir(), 'asyncio-'));
try {
  const file = join(folder, 'programs.jsonl');
  const programs = await node('make-random-servers', count, seed);
  writeFileSync(file, programs);
  const printed = await Promise.all([
    output(python, ['test/parity/random-servers.py', file]),
    node('random-servers', file, driver),
  ]);
  const [theirs, ours] = printed.map((text) => text.split(/^program \d+\n/m)) as [
    string[],
    string[],
  ];
  let different = 0;
  for (const [n, program] of programs.trimEnd().split('\n').entries()) {
    if (ours[n + 1] === theirs[n + 1]) continue;
    different += 1;
    console.log(`program ${n}: ${program}\n--- CPython\n${theirs[n + 1]}--- here\n${ours[n + 1]}`);
  }
  console.log(`${different} of ${count} programs differ`);
  process.exitCode = different > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
