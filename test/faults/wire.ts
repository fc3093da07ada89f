/** Clients that go wrong in every way at once, and a fresh one that is served meanwhile, again and again. */
import * as assert from 'uvu/assert';
import type { Manner } from '../../src/echo/manners.ts';
import type { DriverName } from '../../src/socket.ts';
import { Client } from '../support/client.ts';
import { Program } from '../support/program.ts';
import { restingDescriptors, say, trackedServer, until } from './scenarios.ts';

/** How soon a fresh client is served, in ms. */
const PROMPT_MS = 100;
/** A busy machine may make one of so many wait longer, and how long at most, in ms. */
const ONE_OF = 50;
const PATIENCE_MS = 1000;
/** Between two fresh clients, in ms. */
const REST_MS = 10;

/** What the faulty clients write when they end. */
type Counts = Record<'reset' | 'halfClose' | 'byByte' | 'stall' | 'earlyClose', number>;

/** Faults for so many seconds; none is left behind, and a fresh client is served throughout. */
export async function servesThroughFaults(
  manner: Manner,
  driver: DriverName,
  seconds: number,
): Promise<void> {
  await using server = await trackedServer(driver, { manner, grace: 5 });
  const converse = async (): Promise<number> => {
    const begin = performance.now();
    using client = await Client.to(server.port);
    assert.is(await client.converse('fresh'), 'fresh');
    return performance.now() - begin;
  };
  // The first of all has the code compiled.
  for (let n = 0; n < 20; n += 1) await converse();
  const descriptors = await restingDescriptors(server);
  await using faults = Program.node('test/faults/children/wire-faults.mjs', [String(server.port)]);
  await faults.shows(/begins\n/);

  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    times.push(await converse());
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
  faults.signal('SIGTERM');
  assert.equal(await faults.ends(30), { status: 0, signal: null }, faults.stderr);
  const open = (): number => server.program.descriptors();
  await until(
    () => open() === descriptors,
    () => `${open()} descriptors go back to ${descriptors}`,
    10,
  );
  server.program.signal('SIGTERM');
  assert.equal(await server.program.ends(), { status: 143, signal: null });

  const counts = JSON.parse(faults.stdout.split('\n')[1] ?? '') as Counts;
  times.sort((a, b) => a - b);
  const [half, most] = [times[Math.floor(times.length / 2)], times.at(-1)] as [number, number];
  const late = times.filter((time) => time > PROMPT_MS).length;
  say(
    `${times.length} fresh clients were served in ${half.toFixed(1)} ms (half of them), ` +
      `${most.toFixed(1)} ms at most, ${late} later than ${PROMPT_MS} ms; beside ${JSON.stringify(counts)}`,
  );
  assert.is(faults.stderr, '');
  assert.is(server.program.stderr, '');
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 0, kind);
  assert.ok(late <= Math.ceil(times.length / ONE_OF), `${late} waited over ${PROMPT_MS} ms`);
  assert.ok(most < PATIENCE_MS, `one waited ${most} ms`);
  // It would wait for clients whose tasks are left, and say so.
  assert.not.match(server.program.stdout, /stopping|closing/);
  const complaints = server.program.stdout.match(/^echo: \('.*$/gm) ?? [];
  for (const complaint of complaints)
    assert.match(complaint, /: (ConnectionResetError|BrokenPipeError): /);
}
