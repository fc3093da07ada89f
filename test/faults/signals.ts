/**
 * An echo server under load that is told to stop, at a moment that nobody chose: how soon it ends,
 * with what status, and what its clients and its output have of it.
 */
import * as assert from 'uvu/assert';
import type { Style } from '../../src/echo/styles.ts';
import type { DriverName } from '../../src/socket.ts';
import { Client } from '../support/client.ts';
import { type Ending, endingOf, type Sample } from '../support/cpu.ts';
import { Program } from '../support/program.ts';
import { say } from './scenarios.ts';

/** How the command ends at a signal. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Milliseconds after the grace period within which it ends. */
const PROMPT_MS = 200;
/**
 * A moment counts for nothing where a server ended late and, for so many ms, it or who looked at it was ready
 * to run and the machine ran others: it is played again, at most so often, with a rest before. Where the machine
 * is never free, what it took for others is left out.
 */
const STARVED_MS = 40;
const AGAIN = 8;
const REST_MS = 500;

/** Clients that talk without a rest: their messages, in bytes. The long ones are many pieces. */
const MESSAGES = [1000, 1000, 1000, 1000, 1000, 1000, 300_000, 300_000];
/** The most bytes that the server receives in one piece. */
const PIECE = 65_536;
/** How long the load lasts before the signal, at most, in ms. */
const LOAD_MS = 150;

/** One moment: all that is left to chance. */
interface Moment {
  readonly signal: keyof typeof STATUS;
  /** Seconds. */
  readonly grace: number;
  /** Milliseconds from the beginning of the load until the signal, and until a client resets. */
  readonly after: number;
  readonly resetAfter: number;
  /** Do the clients leave when the message is done that they are about, or do they stay? */
  readonly leave: boolean;
}

/** What a client that talks has to tell. */
interface Talked {
  /** Bytes that came back. */
  received: number;
  /** Whole messages that came back. */
  messages: number;
  /** Was it about a message when the connection ended? */
  cut: boolean;
}

/** How a server stopped: how late it was after the grace period, or after the last client. */
interface Stopped extends Ending {
  /** Whole messages that came back, and those that were cut off. */
  readonly messages: number;
  readonly cuts: number;
}

/** Has servers stop at so many moments, two at a time; the seed says which. */
export async function stopsAtMoments(
  style: Style,
  driver: DriverName,
  count: number,
  seed: number,
): Promise<void> {
  const random = generator(seed);
  const moments = Array.from({ length: count }, () => chosen(random));
  const all: Stopped[] = [];
  let again = 0;
  const play = async (moment: Moment): Promise<Stopped> => {
    for (let tries = 0; ; tries += 1) {
      const stopped = await stopsAt(style, driver, moment);
      if (stopped.late < PROMPT_MS || stopped.delayed < STARVED_MS || tries === AGAIN)
        return stopped;
      again += 1;
      await pass(REST_MS);
    }
  };
  const work = async (): Promise<void> => {
    for (let moment = moments.shift(); moment !== undefined; moment = moments.shift())
      try {
        const stopped = await play(moment);
        all.push(stopped);
        if (stopped.late >= PROMPT_MS) say(`${inWords(stopped)}: ${JSON.stringify(moment)}`);
      } catch (error) {
        moments.length = 0;
        const which = `seed ${seed}, ${style}, ${driver}, ${JSON.stringify(moment)}`;
        throw new Error(which, { cause: error });
      }
  };
  await Promise.all([work(), work()]);

  const sum = (what: 'messages' | 'cuts'): number => all.reduce((n, each) => n + each[what], 0);
  const sorted = all.toSorted((a, b) => a.late - b.late);
  const at = (part: number): string => `${sorted[Math.ceil(part * count) - 1]?.late.toFixed(0)} ms`;
  const prompt = all.filter(({ late }) => late < PROMPT_MS).length;
  say(
    `${count} servers of ${style} on ${driver} (seed ${seed}): ended ${at(0.5)} after the grace period ` +
      `or the last client (half of them), ${at(0.95)} (19 of 20), ${at(1)} at most, ${prompt} within ` +
      `${PROMPT_MS} ms; ${again} others were late on a busy machine, and played again; ` +
      `${sum('messages')} messages whole, ${sum('cuts')} cut off by a reset`,
  );
  for (const stopped of all)
    assert.ok(stopped.late < PROMPT_MS || isStarved(stopped), inWords(stopped));
}

/** Would it have ended in time, had the machine not run others? */
function isStarved({ late, delayed }: Stopped): boolean {
  return delayed >= STARVED_MS && late - delayed < PROMPT_MS;
}

function inWords({ late, delayed, ran }: Stopped): string {
  const [l, d, r] = [late, delayed, ran].map((ms) => ms.toFixed(0));
  return `one ended ${l} ms late, ${d} of them while the machine ran others; it ran for ${r} ms`;
}

async function stopsAt(
  style: Style,
  driver: DriverName,
  { signal, grace, after, resetAfter, leave }: Moment,
): Promise<Stopped> {
  const args = ['echo', '--port', '0', '--style', style, '--grace', String(grace)];
  await using server = Program.command(args, { env: { ASYNCIO_SOCKETS: driver } });
  const [, port] = await server.shows(/listening on \('.*', (\d+)\)/, { seconds: 30 });
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = await Client.to(Number(port));
    clients.push(client);
    return client;
  };
  try {
    const rude = await connect();
    assert.is(await rude.converse('hello'), 'hello');
    const talkers = await Promise.all(MESSAGES.map(connect));
    const toStop = [String(server.pid), signal];
    await using watcher = Program.node('test/faults/children/stop.mjs', toStop);
    await watcher.shows(/ready\n/);
    const stop = { asked: false };
    const talks = Promise.all(
      talkers.map((client, n) => talk(client, MESSAGES[n] as number, stop)),
    );
    // It is awaited when the server has ended.
    talks.catch(() => {});
    rude.pause();
    void rude.send(Buffer.alloc(3_000_000)).catch(() => {});
    const reset = pass(resetAfter).then(() => rude.reset());
    await pass(after);

    const left = talks.then(now, now);
    stop.asked = leave;
    watcher.signal('SIGUSR2');
    const ending = await server.ends(grace + 10);
    await watcher.ends();
    const samples = JSON.parse(watcher.stdout.split('\n')[1] ?? '') as Sample[];
    await reset;
    const talked = await talks;

    assert.equal(ending, { status: STATUS[signal], signal: null }, server.stderr);
    assert.is(server.stderr, '');
    const complaints = server.stdout.split('\n').filter((line) => /^echo: \('/.test(line));
    assert.is(complaints.length, 1, server.stdout);
    const complaint = complaints[0]?.split(': ') ?? [];
    assert.is(complaint[1], rude.address);
    assert.ok(['ConnectionResetError', 'BrokenPipeError'].includes(complaint[2] ?? ''));
    const told = [...server.stdout.matchAll(/^echo: got a connection from (.*)$/gm)];
    const accepted = new Set(told.map(([, address]) => address));
    // Who got nothing back may have waited to be accepted.
    for (const [n, { received }] of talked.entries())
      if (received > 0) assert.ok(accepted.has(talkers[n]?.address), talkers[n]?.address);
    const [, connections, bytes] =
      /\necho: (\d+) connections?, [\d,]+ messages?, ([\d,]+) bytes in .*\n$/.exec(server.stdout) ??
      [];
    assert.is(Number(connections), accepted.size, server.stdout);
    const cuts = talked.filter(({ cut }) => cut).length;
    const received = talked.reduce((sum, each) => sum + each.received, 0);
    assert.ok(Number(bytes?.replaceAll(',', '')) + cuts * PIECE >= received, server.stdout);
    const messages = talked.reduce((sum, each) => sum + each.messages, 0);
    const graceOver = (samples[0]?.at ?? 0) + grace * 1000;
    return { ...endingOf(samples, Math.min(await left, graceOver)), messages, cuts };
  } finally {
    for (const client of clients) client.close();
  }
}

/** Talks until the connection ends, or as long as it may: each message comes back whole, or the connection is reset. */
async function talk(client: Client, nbytes: number, stop: { asked: boolean }): Promise<Talked> {
  const talked: Talked = { received: 0, messages: 0, cut: false };
  while (!stop.asked) {
    const data = Buffer.alloc(nbytes, `${talked.messages} messages before this one; `);
    const sent = client.send(data).catch(() => {});
    const received = await client.receive(nbytes);
    await sent;
    talked.received += received.length;
    assert.ok(received.equals(data.subarray(0, received.length)), 'something else came back');
    if (received.length === nbytes) {
      talked.messages += 1;
      continue;
    }
    talked.cut = received.length > 0;
    // Nobody may take a part for the whole.
    if (talked.cut) assert.ok(await isReset(client), `${received.length} bytes of ${nbytes}`);
    break;
  }
  client.close();
  return talked;
}

/**
 * Was the connection reset? libuv calls a reset that comes with data an end, and one that comes after an
 * end is not told at all: but the next send fails at once, where after a mere end it is taken.
 */
async function isReset(client: Client): Promise<boolean> {
  if (client.ending === 'reset') return true;
  await pass(50);
  return await client.send('x').then(
    () => false,
    () => true,
  );
}

function chosen(random: () => number): Moment {
  const resetAfter = random() * LOAD_MS;
  return {
    signal: random() < 0.5 ? 'SIGINT' : 'SIGTERM',
    grace: random() < 0.5 ? 0.1 : 0.3,
    after: resetAfter + random() * (LOAD_MS - resetAfter),
    resetAfter,
    leave: random() < 0.25,
  };
}

/** Numbers from 0 to 1 that look random, the same for the same seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Milliseconds since 1970, as any process has them. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
