/** Megabytes through a reader that is slow, and what waits in the sender meanwhile. */
import * as assert from 'uvu/assert';
import type { DriverName } from '../../src/socket.ts';
import { Program } from '../support/program.ts';
import { say } from './scenarios.ts';

/** What the sender writes when it is done. */
interface Sent {
  /** Bytes that waited to be sent, at most. */
  readonly waiting: number;
  /** The high water mark, in bytes. */
  readonly high: number;
  /** Bytes by which the process grew after its first megabytes. */
  readonly grown: number;
  readonly digest: string;
}

/** Bytes of a write. */
const PIECE = 65_536;
/** Bytes by which a process may grow that sends: garbage that is not collected yet, no more. */
const MOST_GROWN = 40_000_000;

/** Has a program send to a reader that rests again and again; all must arrive, and little wait. */
export async function sendsToSlowReader(
  style: 'streams' | 'protocol',
  driver: DriverName,
  megabytes: number,
): Promise<void> {
  const seconds = 30 + megabytes / 5;
  const env = { ASYNCIO_SOCKETS: driver };
  const args = [style, String(megabytes)];
  await using sender = Program.typescript('test/faults/children/sends-much.ts', args, { env });
  const [, port] = await sender.shows(/listening on \('.*', (\d+)\)/, { seconds: 20 });
  const begin = performance.now();
  await using reader = Program.node('test/faults/children/reads-slowly.mjs', [String(port)]);

  assert.equal(await reader.ends(seconds), { status: 0, signal: null }, reader.stderr);
  assert.equal(await sender.ends(), { status: 0, signal: null }, sender.stderr);
  const took = (performance.now() - begin) / 1000;
  const sent = JSON.parse(sender.stdout.split('\n')[1] ?? '') as Sent;
  const received = JSON.parse(reader.stdout) as { size: number; digest: string };
  say(
    `${(received.size / 1e6).toFixed(0)} MB in ${took.toFixed(1)} s; at most ${sent.waiting} bytes ` +
      `waited, the high mark is ${sent.high}; the sender grew by ${(sent.grown / 1e6).toFixed(1)} MB`,
  );

  assert.is(received.size, Math.ceil((megabytes * 1e6) / PIECE) * PIECE);
  assert.is(received.digest, sent.digest);
  // One write may go over the mark; none follows until it is told to go on.
  assert.ok(sent.waiting <= sent.high + PIECE, `${sent.waiting} bytes waited`);
  assert.ok(sent.waiting > sent.high, 'the reader was never slow');
  assert.ok(sent.grown < MOST_GROWN, `grew by ${sent.grown} bytes`);
  assert.is(sender.stderr, '');
}
