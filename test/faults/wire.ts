/** Clients that go wrong in every way at once, and a fresh one that is served meanwhile, again and again. */
import type { ConnectionOptions } from 'node:tls';
import * as assert from 'uvu/assert';
import type { Style } from '../../src/echo/styles.ts';
import type { DriverName } from '../../src/socket.ts';
import { Client } from '../support/client.ts';
import { delayed, sampleOf } from '../support/cpu.ts';
import { Program } from '../support/program.ts';
import { converse as converseTls, tlsClient } from '../support/tls-client.ts';
import { restingDescriptors, say, trackedServer, until } from './scenarios.ts';

/**
 * How soon a fresh client is served, in ms. What the server or the test was ready to run and the machine ran
 * others instead does not count: nobody is slow who is starved.
 */
const PROMPT_MS = 100;
/** Between two fresh clients, in ms. */
const REST_MS = 10;

/** What the faulty clients write when they end. */
type Counts = Record<'reset' | 'halfClose' | 'byByte' | 'stall' | 'earlyClose' | 'cut', number>;

/** How long a fresh client took, in ms, and how many of those the machine ran others. */
interface Took {
  readonly all: number;
  readonly delayed: number;
}

/** Faults for so many seconds; none is left behind, and a fresh client is served throughout. */
export async function servesThroughFaults(
  style: Style,
  driver: DriverName,
  seconds: number,
  tls = false,
): Promise<void> {
  await using server = await trackedServer(driver, { style, grace: 5, tls });
  const converse = async (): Promise<Took> => {
    const before = sampleOf(server.program.pid);
    if (tls) await conversesEncrypted(server.port);
    else {
      using client = await Client.to(server.port);
      assert.is(await client.converse('fresh'), 'fresh');
    }
    const now = sampleOf(server.program.pid);
    return { all: now.at - before.at, delayed: delayed(before, now) };
  };
  // The first of all has the code compiled.
  for (let n = 0; n < 20; n += 1) await converse();
  const descriptors = await restingDescriptors(server);
  const args = [String(server.port), ...(tls ? ['tls'] : [])];
  await using faults = Program.node('test/faults/children/wire-faults.mjs', args);
  await faults.shows(/begins\n/);

  const times: Took[] = [];
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
  times.sort((a, b) => a.all - b.all);
  const [half, most] = [times[Math.floor(times.length / 2)], times.at(-1)] as [Took, Took];
  const late = times.filter(({ all }) => all > PROMPT_MS);
  const own = times.map((took) => took.all - took.delayed);
  say(
    `${times.length} fresh clients were served in ${half.all.toFixed(1)} ms (half of them), ` +
      `${most.all.toFixed(1)} ms at most, ${late.length} later than ${PROMPT_MS} ms; without the machine's ` +
      `delays ${Math.max(...own).toFixed(1)} ms at most; beside ${JSON.stringify(counts)}`,
  );
  assert.is(faults.stderr, '');
  assert.is(server.program.stderr, '');
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 0, kind);
  for (const took of late)
    assert.ok(took.all - took.delayed < PROMPT_MS, `one waited: ${JSON.stringify(took)}`);
  // It would wait for clients whose tasks are left, and say so.
  assert.not.match(server.program.stdout, /stopping|closing/);
  const complaints = server.program.stdout.match(/^echo: \('.*$/gm) ?? [];
  for (const complaint of complaints)
    assert.match(complaint, /: (ConnectionResetError|BrokenPipeError): /);
}

/** A fresh client that encrypts. */
async function conversesEncrypted(port: number): Promise<void> {
  const client = await tlsClient(port, { noDelay: true } as ConnectionOptions);
  try {
    assert.is(String(await converseTls(client, 'fresh')), 'fresh');
  } finally {
    client.destroy();
  }
}
