/**
 * What clients and the system can do to a server, each in a size. The servers run in processes of
 * their own, on real sockets: what is watched is their output, their memory, their descriptors,
 * and how soon a fresh client is served meanwhile.
 */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Style } from '../../src/echo/styles.ts';
import type { DriverName } from '../../src/socket.ts';
import { Client } from '../support/client.ts';
import { DRIVERS } from '../support/drivers.ts';
import { freePort, Program } from '../support/program.ts';

/** A server under test. */
export interface Server extends AsyncDisposable {
  readonly program: Program;
  readonly port: number;
  /** Connects a client, which is closed at the end; tries for so many seconds. */
  client(seconds?: number): Promise<Client>;
}

/** The drivers that servers are tested on: those with a kernel under them. */
export const REAL_DRIVERS: readonly DriverName[] = DRIVERS.filter(({ real }) => real).map(
  ({ name }) => name,
);

/** Seconds that a program gets to start. */
const START = 20;

interface ServerOptions {
  readonly style?: Style;
  /** Seconds. */
  readonly grace?: number;
  /** The most descriptors that it may have. */
  readonly descriptors?: number | undefined;
  /** Does it encrypt? */
  readonly tls?: boolean;
}

/** The command's server: it tracks its tasks, and closes every connection. */
export async function trackedServer(
  driver: DriverName,
  { style = 'sock', grace = 0, descriptors, tls = false }: ServerOptions = {},
): Promise<Server> {
  const env = { ASYNCIO_SOCKETS: driver };
  const args = ['echo', '--port', '0', '--quiet', '--grace', String(grace), '--style', style];
  const program = Program.command(
    tls ? [...args, '--tls'] : args,
    descriptors === undefined ? { env } : { env, descriptors },
  );
  const [, port] = await program.shows(/listening on \('.*', (\d+)\)/);
  return withClients(program, Number(port));
}

/** Fowler's listing 1: it closes no connection, so the collector must, before none is left of 512. */
export async function forgetfulServer(driver: DriverName): Promise<Server> {
  const port = await freePort();
  const program = Program.typescript('examples/fowler/echo.ts', [], {
    env: { PORT: String(port), ASYNCIO_SOCKETS: driver },
    descriptors: 512,
  });
  const server = withClients(program, port);
  try {
    // It says nothing before somebody comes.
    await server.client(START);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server that listens there. */
export function withClients(program: Program, port: number): Server {
  const clients: Client[] = [];
  return {
    program,
    port,
    client: async (seconds = 4) => {
      const client = await Client.to(port, { seconds });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

/** What befalls a server. */
export type Scenario = (server: Server) => Promise<void>;

/** Has scenarios play on one server, one after another. */
export async function on(
  server: Promise<Server>,
  ...scenarios: readonly Scenario[]
): Promise<void> {
  await using started = await server;
  for (const scenario of scenarios) await scenario(started);
}

/** Serves a fresh client, and says how long that took. */
export async function servesFreshClient({ port }: Server, when: string): Promise<void> {
  const begin = performance.now();
  using client = await Client.to(port);
  assert.is(await client.converse('fresh'), 'fresh');
  say(`a fresh client was served in ${(performance.now() - begin).toFixed(1)} ms ${when}`);
}

/** Clients that send, receive nothing, and reset the connection while the server sends. */
export async function resetsDuringSendall(server: Server, count: number): Promise<void> {
  const before = server.program.stdout.length;
  const addresses: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const client = await server.client();
    addresses.push(client.address);
    client.pause();
    void client.send(Buffer.alloc(8_000_000)).catch(() => {});
    await client.stuck();
    client.reset();
  }

  const complaints = (): string[] => server.program.stdout.slice(before).split('\n').slice(0, -1);
  await until(() => complaints().length >= count, `${count} resets are told of`);
  const failed = complaints().map((line) => /^echo: (\(.*\)): (\w+): \S/.exec(line) ?? [line]);
  assert.equal(failed.map(([, address]) => address).toSorted(), addresses.toSorted());
  for (const [line, , error = ''] of failed)
    assert.ok(['ConnectionResetError', 'BrokenPipeError'].includes(error), line);
  await servesFreshClient(server, `after ${count} resets`);
}

/** A client that sends one byte at a time, and receives each before the next. */
export async function sendsByteByByte(server: Server, count: number): Promise<void> {
  const client = await server.client();
  for (let n = 0; n < count; n += 1) {
    const byte = Uint8Array.of(n % 256);
    await client.send(byte);
    assert.ok((await client.receive(1)).equals(byte));
  }
  await servesFreshClient(server, `beside a client that sent ${count} bytes one by one`);
}

/** A client that sends and receives nothing until all is sent that can be; then it receives all. */
export async function stopsReading(server: Server, nbytes: number, most: number): Promise<void> {
  await servesFreshClient(server, 'before anybody stopped reading');
  const before = server.program.memory();
  const client = await server.client();
  const data = Buffer.alloc(nbytes, 'what nobody reads ');

  client.pause();
  const sent = client.send(data);
  await client.stuck();
  const growth = server.program.memory() - before;
  await servesFreshClient(server, `beside one that leaves ${nbytes / 1e6} MB unread`);
  say(`the server grew by ${(growth / 1e6).toFixed(1)} MB`);
  assert.ok(growth < most, `grew by ${growth} bytes`);

  client.resume();
  assert.ok((await client.receive(nbytes)).equals(data));
  await sent;
  const after = server.program.memory() - before;
  say(`and by ${(after / 1e6).toFixed(1)} MB when the client had received it all`);
  assert.ok(after < 2 * most, `grew by ${after} bytes`);
}

/** Clients that send, say that this was all, and then receive. */
export async function finishSending(server: Server, count: number, nbytes: number): Promise<void> {
  const data = Buffer.alloc(nbytes, 'x');
  const clients = await many(count, () => server.client());

  await Promise.all(
    clients.map(async (client) => {
      void client.send(data).then(() => client.finish());
      assert.is((await client.rest()).length, nbytes);
      assert.is(client.ending, 'ended');
    }),
  );
}

/** Many connections at once, all of them used. */
export async function holdsMany(server: Server, count: number): Promise<void> {
  await servesFreshClient(server, 'before');
  const before = await restingDescriptors(server);
  const begin = performance.now();

  const clients = await many(count, () => server.client());
  await Promise.all(
    clients.map(async (client, n) => assert.is(await client.converse(`hello ${n}`), `hello ${n}`)),
  );
  const seconds = (performance.now() - begin) / 1000;
  say(`${count} clients were connected and served in ${seconds.toFixed(2)} s`);
  await servesFreshClient(server, `beside ${count} others`);
  const open = (): number => server.program.descriptors() - before;
  await until(() => open() === count, `${count} descriptors more are open`);

  for (const client of clients) client.close();
  await until(() => open() === 0, 'every connection is closed');
}

/**
 * Many connections that rest, and one that does not: it is served as fast as without them.
 *
 * The bound is wide, for a busy machine: what costs a look at each connection would cost a hundred
 * times as much.
 */
export async function holdsIdle(server: Server, count: number): Promise<void> {
  const active = await server.client();
  await latencies(active, 2000);
  const alone = await latencies(active, 2000);
  const descriptors = await restingDescriptors(server);
  const memory = server.program.memory();

  const idle = await many(count, () => server.client());
  for (const [n, client] of idle.entries())
    if (n % 100 === 0) assert.is(await client.converse(`hello ${n}`), `hello ${n}`);
  await until(
    () => server.program.descriptors() === descriptors + count,
    `${count} descriptors more are open`,
  );
  const beside = await latencies(active, 2000);
  say(
    `${Math.round((server.program.memory() - memory) / count)} bytes for each of ${count} that rest`,
  );
  say(`served alone in ${inMs(alone)}, beside them in ${inMs(beside)}`);
  assert.ok(beside.half < 5 * alone.half + 1, `${inMs(alone)} became ${inMs(beside)}`);

  for (const client of idle) client.close();
  await until(() => server.program.descriptors() === descriptors, 'every connection is closed', 30);
  assert.is(await active.converse('still there'), 'still there');
}

/** How long a client waits for its answer, in milliseconds: half of the times, nearly all. */
interface Latency {
  readonly half: number;
  readonly nearlyAll: number;
}

async function latencies(client: Client, count: number): Promise<Latency> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const begin = performance.now();
    await client.converse('how long?');
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(part * count)] as number;
  return { half: at(0.5), nearlyAll: at(0.99) };
}

function inMs({ half, nearlyAll }: Latency): string {
  return `${half.toFixed(3)} ms (p99 ${nearlyAll.toFixed(3)} ms)`;
}

/** The most descriptors that a process of ours may have. Linux only. */
export function mostDescriptors(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, most] = /^Max open files +\S+ +(\S+)/m.exec(limits) ?? [];
  return most === 'unlimited' ? Infinity : Number(most);
}

/** Many connections, one after another, and as many descriptors afterwards as before. */
export async function comeAndGo(server: Server, count: number): Promise<void> {
  await converseOnce(server, 'first');
  const before = await restingDescriptors(server);

  let most = 0;
  const begin = performance.now();
  for (let n = 1; n <= count; n += 1) {
    await converseOnce(server, `client ${n}`);
    if (n % 100 === 0) most = Math.max(most, server.program.descriptors());
  }
  const seconds = (performance.now() - begin) / 1000;
  await servesFreshClient(server, `after ${count} others`);
  const done = (): boolean => server.program.descriptors() <= before;
  const now = (): string => `${server.program.descriptors()} descriptors go back to ${before}`;
  await until(done, now);
  say(
    `${count} connections in ${seconds.toFixed(1)} s; descriptors: ${before} before, ` +
      `${most} at most, ${server.program.descriptors()} after`,
  );
}

/** More connections, one after another, than a server has descriptors for that closes none itself. */
export async function forgets(server: Server, count: number): Promise<void> {
  const begin = performance.now();
  for (let n = 1; n <= count; n += 1) await converseOnce(server, `client ${n}`);
  const seconds = (performance.now() - begin) / 1000;
  await servesFreshClient(server, `after ${count} others`);
  say(`${count} connections in ${seconds.toFixed(1)} s`);
}

async function converseOnce(server: Server, text: string): Promise<void> {
  using client = await Client.to(server.port);
  assert.is(await client.converse(text), text);
}

/** More clients than the server has descriptors for: it may have 128. */
export async function runOutOfDescriptors(server: Server, seconds: number): Promise<void> {
  const reports = (): number =>
    server.program.stderr.split('socket.accept() out of system resource').length - 1;
  const clients = await many(200, () => server.client());
  for (const client of clients) void client.send('hello').catch(() => {});
  await until(() => reports() > 0, 'the shortage is reported');
  await pass(seconds * 1000);
  const served = clients.filter(({ available }) => available > 0);
  const said = reports();
  say(`${served.length} of 200 clients were served, and the shortage was reported ${said} times`);
  assert.ok(said <= 1 + Math.ceil(seconds), `reported ${said} times in ${seconds} s`);
  assert.match(server.program.stderr, /\nOSError: \[Errno 24\] Too many open files/);
  const [one] = served;
  assert.is(await one?.converse(' again'), 'hello again'.slice(0, 6));

  for (const client of clients) client.close();
  await pass(1500);
  await servesFreshClient(server, 'when descriptors were free again');
}

/** Tasks that fail, of which a part is asked for: only the others are reported, each once. */
export async function manyFailures(count: number, retrieved: number): Promise<void> {
  await using program = failing(count, retrieved);
  const begin = performance.now();
  const { status } = await program.ends(60);
  const seconds = (performance.now() - begin) / 1000;

  say(`${reportedOnceEach(program, count)} in ${seconds.toFixed(1)} s`);
  say(program.stdout.trim());
  assert.is(status, 0);
}

/** Failures that are reported as the process ends, to somebody who does not listen at first. */
export async function lateReader(count: number): Promise<void> {
  await using program = failing(count, 0, 'kept');
  const listen = program.ignore();
  // The program runs for half a second.
  await pass(1500);
  listen();
  await program.ends(60);

  reportedOnceEach(program, count);
}

function failing(...args: (number | string)[]): Program {
  return Program.typescript('test/faults/children/many-failures.ts', args.map(String));
}

/** Each of the lost tasks must be reported once, with its own error, and nothing else. */
function reportedOnceEach({ stderr }: Program, count: number): string {
  const reports = [
    ...stderr.matchAll(
      /^Task exception was never retrieved\nfuture: <Task finished name='lost-(\d+)' coro=<fails\(\) done, .*exception=Error\('failure (\d+)'\)>\nError: failure (\d+)\n/gm,
    ),
  ];
  const names = new Set(reports.map(([, name]) => name));
  assert.is(names.size, count);
  assert.is(stderr.split('never retrieved').length - 1, count);
  for (const [, name, printed, thrown] of reports)
    assert.ok(name === printed && printed === thrown);
  return `${reports.length} reports of ${names.size} tasks`;
}

/** How many descriptors a server has when its last client has gone. */
export async function restingDescriptors({ program }: Server): Promise<number> {
  for (let before = -1; ; ) {
    const now = program.descriptors();
    if (now === before) return now;
    before = now;
    await pass(100);
  }
}

async function many<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  // Not more than the backlog takes.
  while (made.length < count)
    made.push(
      ...(await Promise.all(Array.from({ length: Math.min(50, count - made.length) }, make))),
    );
  return made;
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks again and again, for so many seconds. */
export async function until(
  done: () => boolean,
  what: string | (() => string),
  seconds = 5,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!done()) {
    if (performance.now() > end)
      throw new Error(`not within ${seconds} s: ${typeof what === 'string' ? what : what()}`);
    await pass(20);
  }
}

/** Tells a figure, beside the outcome. */
export function say(text: string): void {
  console.log(`    ${text}`);
}
