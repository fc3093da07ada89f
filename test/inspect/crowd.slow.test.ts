import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import type { Snapshot } from '../../src/inspect/snapshot/data.ts';
import { behaviour } from '../support/behaviour.ts';
import { Program, root } from '../support/program.ts';
import { until } from '../support/until.ts';
import { ANY_PORT } from './support/any-port.ts';

const SERVER = 'test/inspect/children/crowd.ts';
const CLIENTS = 10_000;
/** How long its loop may be stopped at a time, in milliseconds. */
const MOST = 50;
/** How long CPU time is measured, in milliseconds, and how much may be by chance. */
const [MEASURED, MOST_CPU] = [5000, 1.25];

const lines = readFileSync(path.join(root, SERVER), 'utf8').split('\n');
const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

interface Said {
  readonly longest: number;
  readonly messages: number;
  readonly cpu: number;
  readonly events: Readonly<Record<string, number>>;
  readonly resources: readonly string[];
}

async function said(server: Program): Promise<Said> {
  const before = server.stdout.length;
  server.signal('SIGUSR2');
  await until(() => server.stdout.slice(before).includes('\n'));
  return JSON.parse(server.stdout.slice(before)) as Said;
}

/** The CPU time of a message in the next seconds, in microseconds, and the longest stop, in milliseconds. */
async function measure(server: Program): Promise<{ cpu: number; longest: number }> {
  const begin = await said(server);
  await sleep(MEASURED);
  const end = await said(server);
  const cpu = (end.cpu - begin.cpu) / (end.messages - begin.messages);
  return { cpu, longest: end.longest };
}

behaviour('Inspecting a server with 10,000 connections under load', (it) => {
  it(
    'shows the line of each task, does not block its loop for long, and changes nothing',
    async () => {
      await using server = Program.typescript(SERVER, [], ANY_PORT);
      const [, port = ''] = await server.shows(/port (\d+)\n/);
      const args = [port, String(CLIENTS)];
      await using clients = Program.node('test/inspect/children/crowd-of-clients.mjs', args, {
        hasInput: true,
      });
      await clients.shows(/under load/, { seconds: 120 });
      const [ports, descriptors] = [listeningAt(server.pid), server.descriptors()];
      const unseen = await measure(server);
      const before = await said(server);

      const began = performance.now();
      await using table = Program.command(['ps', String(server.pid)]);
      assert.equal(await table.ends(120), { status: 0, signal: null }, table.stderr);
      const seconds = (performance.now() - began) / 1000;
      await using ps = Program.command(['ps', String(server.pid), '--json']);
      assert.equal(await ps.ends(120), { status: 0, signal: null }, ps.stderr);
      await until(() => listeningAt(server.pid).size === ports.size);
      const during = await said(server);
      const after = await measure(server);

      // How long it takes depends on what else the machine does.
      console.log(
        `ps ${seconds.toFixed(2)} s; longest stop ${during.longest.toFixed(1)} ms, ${unseen.longest.toFixed(1)} before and ` +
          `${after.longest.toFixed(1)} after; CPU per message ${unseen.cpu.toFixed(1)} µs before and ` +
          `${after.cpu.toFixed(1)} after; load ${loadavg()[0]}`,
      );
      assert.ok(after.cpu < unseen.cpu * MOST_CPU, `${after.cpu} µs, ${unseen.cpu} before`);
      assert.ok(during.messages > before.messages, 'it was under load');
      assert.ok(during.longest < MOST, `${during.longest} ms, ${unseen.longest} before`);
      assert.equal(during.events, before.events);
      assert.equal(during.resources, before.resources);
      assert.equal(listeningAt(server.pid), ports);
      assert.is(server.descriptors(), descriptors);
      const [snapshot] = JSON.parse(ps.stdout) as Snapshot[];
      const tasks = snapshot?.loops.flatMap((loop) => loop.tasks) ?? [];
      const stacks = new Map<string, number>();
      for (const { coroutine, state, waits } of tasks) {
        const frames = waits.flatMap(({ stack }) =>
          stack.map(
            ({ name, file, line }) =>
              `${name} ${path.relative(root, file.replace('file://', ''))}:${line}`,
          ),
        );
        const text = `${coroutine.name} ${state} ${waits[0]?.operation} ${frames}`;
        stacks.set(text, (stacks.get(text) ?? 0) + 1);
      }
      const [reads, serves] = [
        lineOf('await reader.readline()'),
        lineOf('await server.serveForever()'),
      ];
      assert.equal(Object.fromEntries(stacks), {
        [`main waiting Server.serveForever main ${SERVER}:${serves}`]: 1,
        [`echo waiting StreamReader.readuntil echo ${SERVER}:${reads}`]: CLIENTS,
      });
    },
    { seconds: 300 },
  );
});
