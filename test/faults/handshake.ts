/** TLS clients that go at every byte of the handshake, and what is left of them in a server: nothing. */
import { readdirSync } from 'node:fs';
import { platform } from 'node:os';
import * as assert from 'uvu/assert';
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { CancelledError, createTask, type Loop, wrapPromise } from '../../src/index.ts';
import type { DriverName } from '../../src/socket.ts';
import { type Scene, settle } from '../support/loop-behaviour.ts';
import { Program } from '../support/program.ts';
import { rejects } from '../support/rejects.ts';
import { SERVER } from '../support/tls.ts';
import { restingDescriptors, say, trackedServer, until } from './scenarios.ts';

/** How soon a fresh client is served, in ms, without what the machine takes for others. */
const PROMPT_MS = 100;
/** Seconds until the last of those who went has left nothing. */
const PATIENCE = 5;

/** What the clients write when they end. */
interface Cuts {
  /** How many bytes a client sends to shake hands, by the version of TLS. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly cuts: number;
  /** Of the fresh clients between them: how many, and how long half of them and the last took, in ms. */
  readonly fresh: number;
  readonly half: number;
  readonly most: number;
}

/**
 * Has clients go after each number of bytes. No task, descriptor or report may be left of any of them. The server
 * is in this process, where its tasks can be counted.
 *
 * @param step - 1: each number of bytes; more: each so many
 */
export async function survivesCuts(
  loop: Loop,
  { logged }: Scene,
  style: Style,
  driver: DriverName,
  step: number,
): Promise<void> {
  const said: string[] = [];
  const options = { host: '127.0.0.1', port: 0, grace: 5, driver, ssl: SERVER };
  const server = createTask(STYLES[style]({ ...options, say: (line) => said.push(line) }));
  while (said.length === 0) await settle(loop, 1);
  const port = Number(/, (\d+)/.exec(said[0] ?? '')?.[1]);
  const tasks = loop._tasks.size;
  const descriptors = open();

  await wrapPromise(clients(port, process.pid, step));
  const end = performance.now() + PATIENCE * 1000;
  const isLeft = (): boolean => loop._tasks.size > tasks || open() > descriptors;
  while (isLeft() && performance.now() < end) await settle(loop, 1);

  assert.is(loop._tasks.size, tasks);
  assert.ok(open() <= descriptors, `${open()} descriptors, ${descriptors} before`);
  server.cancel();
  await rejects(server, CancelledError);
  // It would wait for clients that are left, and say so.
  const complaints = said.slice(1, -1);
  for (const complaint of complaints)
    assert.match(complaint, /^\('127\.0\.0\.1', \d+\): (ConnectionResetError|BrokenPipeError): /);
  assert.equal(logged, []);
}

/** As {@link survivesCuts}, with a server of its own, that has a fresh client to serve after each that went. */
export async function servesBetweenCuts(
  style: Style,
  driver: DriverName,
  step: number,
): Promise<void> {
  await using server = await trackedServer(driver, { style, grace: 5, tls: true });
  const descriptors = await restingDescriptors(server);
  const { sizes, cuts, fresh, half, most } = await clients(server.port, server.program.pid, step);
  await until(() => server.program.descriptors() <= descriptors, 'every one is closed');
  server.program.signal('SIGTERM');
  assert.equal(await server.program.ends(), { status: 143, signal: null });

  say(
    `${cuts} clients went, of handshakes of ${Object.values(sizes).join(' and ')} bytes; ${fresh} fresh ones ` +
      `were served in ${half.toFixed(1)} ms (half of them), ${most.toFixed(1)} ms at most`,
  );
  assert.is(server.program.stderr, '');
  assert.not.match(server.program.stdout, /stopping|closing/);
  assert.ok(most < PROMPT_MS, `one waited ${most} ms`);
}

/** The clients of a server in a process. */
async function clients(port: number, pid: number, step: number): Promise<Cuts> {
  const args = [port, pid, step].map(String);
  await using program = Program.node('test/faults/children/tls-cuts.mjs', args);
  assert.equal(await program.ends(300), { status: 0, signal: null }, program.stderr);
  const cuts = JSON.parse(program.stdout) as Cuts;
  for (const size of Object.values(cuts.sizes)) assert.ok(size > 300, String(size));
  return cuts;
}

/** How many descriptors this process has open. */
function open(): number {
  return platform() === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}
