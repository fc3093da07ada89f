/** Thousands of clients that are slow or silent, and a few good ones among them. */
import * as assert from 'uvu/assert';
import type { Style } from '../../src/echo/styles.ts';
import type { DriverName } from '../../src/socket.ts';
import type { Client } from '../support/client.ts';
import { Program } from '../support/program.ts';
import { restingDescriptors, type Server, say, until, withClients } from './scenarios.ts';

/** Clients that converse, and with how many bytes each time. */
const GOOD = 10;
const MESSAGE = 'a'.repeat(1000);
/** Messages of each of them in one round, and rounds in one measurement: the middle one counts. */
const MESSAGES = 200;
const ROUNDS = 7;
/** Bytes that all slow clients together send in a second. */
const PACE = 100;
/** What the p99 may grow by where its baseline is too small to be doubled, in ms: one more turn of a busy machine. */
const ALLOWANCE_MS = 1;

/** The p99 of good clients beside a crowd stays below twice what it is without. */
export async function servesBesideCrowd(
  style: Style,
  driver: DriverName,
  count: number,
): Promise<void> {
  const args = ['echo', '--port', '0', '--quiet', '--grace', '0', '--style', style];
  const env = { ASYNCIO_SOCKETS: driver };
  await using server = await listening(Program.command(args, { env }));
  const good = await Promise.all(Array.from({ length: GOOD }, () => server.client()));
  await p99(good);
  const descriptors = await restingDescriptors(server);
  const before = await p99(good);
  const memory = server.program.memory();
  let beside: number;
  {
    await using crowd = await crowdOf(server, count, PACE);
    await until(
      () => server.program.descriptors() === descriptors + count,
      `${count} descriptors more are open`,
      20,
    );
    beside = await p99(good);
    assert.is(crowd.stderr, '');
  }
  const each = Math.round((server.program.memory() - memory) / count);
  await until(() => server.program.descriptors() === descriptors, 'every one is closed', 30);
  const after = await p99(good);
  const alone = Math.max(before, after);

  say(
    `p99 of ${GOOD} good clients: ${before.toFixed(2)} ms before, ${beside.toFixed(2)} ms beside ` +
      `${count} slow or silent ones, ${after.toFixed(2)} ms after; ${each} bytes for each`,
  );
  assert.ok(beside < 2 * alone + ALLOWANCE_MS, `${alone} ms became ${beside} ms`);
}

/** A server with an idle timeout gives up the silent, all of them, and those who talk stay. */
export async function reapsTheIdle(driver: DriverName, count: number): Promise<void> {
  const IDLE = 3;
  const env = { ASYNCIO_SOCKETS: driver };
  await using server = await listening(
    Program.typescript('test/faults/children/idle-server.ts', [String(IDLE)], { env }),
  );
  const good = await server.client(20);
  assert.is(await good.converse('hello'), 'hello');
  const descriptors = await restingDescriptors(server);
  await using crowd = await crowdOf(server, count, 0);
  const begin = performance.now();

  let talks = true;
  const gone = crowd.shows(/all are gone\n/, { seconds: IDLE + 20 }).finally(() => {
    talks = false;
  });
  let slowest = 0;
  while (talks) {
    const asked = performance.now();
    assert.is(await good.converse('still there'), 'still there');
    slowest = Math.max(slowest, performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await gone;
  const took = (performance.now() - begin) / 1000;

  say(
    `${count} silent clients were gone ${took.toFixed(1)} s after the last of them had come, with ` +
      `an idle timeout of ${IDLE} s; one that talks waited ${slowest.toFixed(1)} ms at most`,
  );
  await until(() => server.program.descriptors() <= descriptors, 'every one is closed');
  assert.is(await good.converse('to the end'), 'to the end');
  assert.is(server.program.stderr, '');
}

async function listening(program: Program): Promise<Server> {
  const [, port] = await program.shows(/listening on \('.*', (\d+)\)/, { seconds: 30 });
  return withClients(program, Number(port));
}

async function crowdOf({ port }: Server, count: number, pace: number): Promise<Program> {
  const args = [port, count, pace].map(String);
  const crowd = Program.node('test/faults/children/crowd.mjs', args);
  await crowd.shows(/all are there\n/, { seconds: 60 });
  return crowd;
}

/** How long a good client waits for an answer, but for one of a hundred, in ms. */
async function p99(clients: readonly Client[]): Promise<number> {
  const rounds: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const times: number[] = [];
    await Promise.all(
      clients.map(async (client) => {
        for (let m = 0; m < MESSAGES; m += 1) {
          const begin = performance.now();
          await client.converse(MESSAGE);
          times.push(performance.now() - begin);
        }
      }),
    );
    times.sort((a, b) => a - b);
    rounds.push(times[Math.floor(0.99 * times.length)] as number);
  }
  rounds.sort((a, b) => a - b);
  return rounds[Math.floor(ROUNDS / 2)] as number;
}
