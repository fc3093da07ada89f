/** Runs the kept programs of servers, and compares what they print with what CPython 3.13 printed. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { runFile } from '../support/child.ts';

/**
 * @param driver - the driver of the sockets
 * @param count - how many of the programs to run; by default all
 */
export async function serversAsCPython(driver: string, count?: number): Promise<void> {
  const args = ['test/parity/random-servers.jsonl', driver, ...(count ? [String(count)] : [])];
  const theirs = readFileSync('test/parity/random-servers.txt', 'utf8');
  const end = count === undefined ? -1 : theirs.indexOf(`program ${count}\n`);

  const { stdout, stderr, status } = await runFile('test/parity/random-servers.ts', { args });

  assert.not.match(stderr, /Error/);
  assert.is(status, 0);
  assert.is(stdout, end < 0 ? theirs : theirs.slice(0, end));
}
