/** Runs kept random programs, and compares what they print with what CPython 3.13 printed. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { runFile } from '../support/child.ts';

/**
 * @param kind - what the programs are of
 * @param driver - the driver of the sockets
 * @param count - how many of the programs to run; by default all
 */
export async function asCPython(
  kind: 'servers' | 'streams',
  driver: string,
  count?: number,
): Promise<void> {
  const kept = `test/parity/random-${kind}`;
  const args = [`${kept}.jsonl`, driver, ...(count ? [String(count)] : [])];
  const theirs = readFileSync(`${kept}.txt`, 'utf8');
  const end = count === undefined ? -1 : theirs.indexOf(`program ${count}\n`);

  const { stdout, stderr, status } = await runFile(`${kept}.ts`, { args });

  assert.not.match(stderr, /Error/);
  assert.is(status, 0);
  assert.is(stdout, end < 0 ? theirs : theirs.slice(0, end));
}
