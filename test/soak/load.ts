/**
 * The load of a soak, on `node:net` and `node:tls`: at every place clients of every style, each kind over
 * and over, paced so that the machine stays usable. Each second it writes what they did; whatever they
 * get back is compared with what they sent.
 *
 * At SIGUSR2 its clients leave one after another, and it says `resting`; at the next one they come back.
 *
 * Arguments: messages per second, seconds until it ends by itself, and the places, as `tcp:PORT`,
 * `ipv6:PORT`, `tls:PORT` and `unix:PATH`.
 */
import { Client, type Place } from '../support/client.ts';

/** How many of a kind there are at any time and place, and how long one rests before the next, in ms. */
const TALKERS = 5;
const OTHERS = 2;
const REST_MS = 50;
/** How often a talker talks, in ms. */
const TICK_MS = 100;
/** Bytes of a message. */
const MESSAGE = 1000;

const [rate, deadline] = process.argv.slice(2, 4).map(Number) as [number, number];
const places = process.argv.slice(4).map((text) => text.split(':') as [string, string]);

const counts = { messages: 0, connects: 0, resets: 0, halfCloses: 0, unread: 0, silent: 0, cut: 0 };
let stopped = false;
/** Is nobody to come for now? */
let resting = false;
/** How many clients there are. */
let present = 0;
/** Lets them come again. */
let wake = (): void => {};
let awake = Promise.resolve();

/** The server broke off what a client was about; it may, where it cancelled. */
class Cut extends Error {}

/** Says the same thing over and over, so that a piece that is lost or twice is seen. */
function message(nbytes: number): Buffer {
  return Buffer.alloc(nbytes, `${counts.messages} messages before this one; `);
}

/** Sends, and receives it all back; what else comes is an error. */
async function converse(client: Client, data: Buffer): Promise<void> {
  const sent = client.send(data).catch(() => {});
  const received = await client.receive(data.length);
  await sent;
  compare(received, data);
}

function compare(received: Buffer, data: Buffer): void {
  if (!received.equals(data.subarray(0, received.length)))
    throw new Error(`sent ${data.subarray(0, 60)}, received ${received.subarray(0, 60)}`);
  if (received.length < data.length) throw new Cut();
}

/** A connection that stays, with messages to and fro. */
async function talk(client: Client): Promise<void> {
  const each = rate / places.length / TALKERS / (1000 / TICK_MS);
  let owed = 0;
  let next = performance.now();
  while (!stopped && !resting) {
    for (owed += each; owed >= 1; owed -= 1) {
      await converse(client, message(MESSAGE));
      counts.messages += 1;
    }
    next = Math.max(next + TICK_MS, performance.now());
    await pass(next - performance.now());
  }
}

/** One message, and gone. */
async function visit(client: Client): Promise<void> {
  await converse(client, message(MESSAGE));
  counts.messages += 1;
}

/** Sends much, receives nothing, and resets the connection somewhere in between. */
async function reset(client: Client): Promise<void> {
  client.pause();
  void client.send(message(300_000)).catch(() => {});
  await pass(Math.random() * 20);
  client.reset();
  counts.resets += 1;
}

/** Sends, says that this was all, and receives it. */
async function halfClose(client: Client): Promise<void> {
  const data = message(50_000);
  const sent = client.send(data).catch(() => {});
  void sent.then(() => client.finish());
  compare(await client.rest(), data);
  counts.halfCloses += 1;
}

/** Receives nothing until the server can send no more; then everything. */
async function leaveUnread(client: Client): Promise<void> {
  const data = message(8_000_000);
  client.pause();
  const sent = client.send(data).catch(() => {});
  await pass(1000);
  client.resume();
  compare(await client.receive(data.length), data);
  await sent;
  counts.unread += 1;
}

/** Says nothing for a while. */
async function beSilent(): Promise<void> {
  await pass(3000);
  counts.silent += 1;
}

/** Has one client after another do the same. */
async function keep(place: Place, about: (client: Client) => Promise<void>): Promise<void> {
  for (;;) {
    await awake;
    if (stopped) return;
    present += 1;
    await meet(place, about);
    present -= 1;
    if (resting && present === 0) sayResting();
    else await pass(REST_MS);
  }
}

async function meet(place: Place, about: (client: Client) => Promise<void>): Promise<void> {
  using client = await Client.at(place);
  counts.connects += 1;
  try {
    await about(client);
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
    if (!stopped) counts.cut += 1;
  }
}

function rest(): void {
  resting = true;
  awake = new Promise((resolve) => {
    wake = resolve;
  });
  if (present === 0) sayResting();
}

function goOn(): void {
  resting = false;
  wake();
}

function sayResting(): void {
  write();
  console.log('resting');
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const write = (): void => console.log(JSON.stringify(counts));
const stop = (): void => {
  stopped = true;
  goOn();
};
const writing = setInterval(write, 1000);
const limit = setTimeout(stop, deadline * 1000);
process.once('SIGTERM', stop);
process.on('SIGUSR2', () => (resting ? goOn() : rest()));

/** Clients of every style at one place. */
function crowd([name, where]: [string, string]): Promise<void>[] {
  const place =
    name === 'unix'
      ? { path: where }
      : {
          port: Number(where),
          host: name === 'ipv6' ? '::1' : '127.0.0.1',
          tls: name === 'tls',
        };
  const others = [visit, reset, beSilent];
  // TLS ends both ways at once.
  if (name !== 'tls') others.push(halfClose);
  return [
    ...Array.from({ length: TALKERS }, () => keep(place, talk)),
    ...others.flatMap((about) => Array.from({ length: OTHERS }, () => keep(place, about))),
    keep(place, leaveUnread),
  ];
}

await Promise.all(places.flatMap(crowd));
clearInterval(writing);
clearTimeout(limit);
write();
