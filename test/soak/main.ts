/**
 * npm run soak [-- --minutes N]: an echo server under everything that clients do, for long: by TCP on
 * IPv4 and IPv6, with TLS, and on a unix path.
 *
 * Two processes: the server, whose memory and descriptors are watched, and the load, which compares
 * all that it gets back. Tells each minute how it stands; passes if the server stayed as it was.
 */
import { parseArgs } from 'node:util';
import { Program } from '../support/program.ts';
import { flat, megabytes, type Sample } from './verdict.ts';

const HELP = `Usage: npm run soak -- [OPTIONS]

Options:
  --minutes N      how long                                     (default: 30)
  --rate N         messages per second, of 1,000 bytes each     (default: 2000)
  --driver DRIVER  how the server's sockets are made            (default: posix)
  --help           show this
`;

/** Messages that a soak has to come to, in a minute: 1,000,000 in half an hour. */
const LEAST_A_MINUTE = 1_000_000 / 30;
/** How clients come to the server. */
const PLACES = ['tcp', 'ipv6', 'tls', 'unix'];
/** Seconds between two looks at the server. */
const PERIOD = 2;
/** Seconds that the children may go on when nobody ends them. */
const OVERTIME = 60;

/** What the load writes. */
type Counts = Record<
  'messages' | 'connects' | 'resets' | 'halfCloses' | 'unread' | 'silent' | 'cut',
  number
>;
/** What the server writes. */
type Tasks = Record<'tasks' | 'cancelled', number>;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '2000' },
    driver: { type: 'string', default: 'posix' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else
  process.exitCode = await soak(
    positive('minutes', values.minutes),
    positive('rate', values.rate),
    values.driver,
  );

async function soak(minutes: number, rate: number, driver: string): Promise<number> {
  const deadline = String(minutes * 60 + OVERTIME);
  await using server = Program.typescript('test/soak/server.ts', [deadline], {
    env: { ASYNCIO_SOCKETS: driver },
  });
  const places: string[] = [];
  for (const name of PLACES) places.push(await placeOf(server, name));
  const atRest = await resting(server);
  say(`the server, on ${driver}, at rest: ${standing(server)}`);
  await using load = Program.typescript('test/soak/load.ts', [String(rate), deadline, ...places]);

  const samples = await watch(server, load, minutes);

  load.signal('SIGTERM');
  const loadEnding = await load.ends(30);
  const after = await resting(server);
  const { cancelled } = latest<Tasks>(server);
  const counts = latest<Counts>(load);
  say(`the load has gone: ${standing(server)}`);
  server.signal('SIGTERM');
  const serverEnding = await server.ends(30);
  const least = Math.floor(LEAST_A_MINUTE * minutes);
  const { passed, reasons } = flat(samples);
  const checks: [good: boolean, text: string][] = [
    ...reasons.map((reason): [boolean, string] => [passed, reason]),
    [counts.messages >= least, `messages: ${digits(counts.messages)}, at least ${digits(least)}`],
    [
      counts.cut <= cancelled,
      `clients cut off: ${digits(counts.cut)}, tasks cancelled: ${digits(cancelled)}`,
    ],
    [
      after.descriptors <= atRest.descriptors && after.tasks <= atRest.tasks,
      `left when the load had gone: ${after.descriptors - atRest.descriptors} descriptors, ` +
        `${after.tasks - atRest.tasks} tasks`,
    ],
    [loadEnding.status === 0 && load.stderr === '', `the load ended well ${load.stderr}`.trim()],
    [
      serverEnding.status === 0 && server.stderr === '',
      `so did the server ${server.stderr}`.trim(),
    ],
  ];
  for (const [good, text] of checks) say(`${good ? 'ok    ' : 'FAILED'} ${text}`);
  const good = checks.every(([one]) => one);
  say(good ? `passed: ${minutes} minutes, ${totals(counts)}` : 'FAILED');
  return good ? 0 : 1;
}

/** Where the server listens, as it says it. */
async function placeOf(server: Program, name: string): Promise<string> {
  const [, place] = await server.shows(new RegExp(`^listening (${name}:.*)$`, 'm'));
  return place as string;
}

/** Looks at the server for so long, and tells each minute how it stands. */
async function watch(server: Program, load: Program, minutes: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const begin = performance.now();
  for (let n = 1; n <= (minutes * 60) / PERIOD; n += 1) {
    const left = n * PERIOD * 1000 - (performance.now() - begin);
    const ended = await Promise.race([server.ended, load.ended, pass(left)]);
    if (ended !== undefined) break;
    samples.push({ rss: server.memory(), descriptors: server.descriptors() });
    if ((n * PERIOD) % 60 === 0)
      say(`minute ${(n * PERIOD) / 60}: ${totals(latest(load))}; ${standing(server)}`);
  }
  return samples;
}

/** Waits until the server's descriptors and tasks change no more. */
async function resting(server: Program): Promise<{ descriptors: number; tasks: number }> {
  for (let before = ''; ; ) {
    await pass(2500);
    const now = { descriptors: server.descriptors(), tasks: latest<Tasks>(server).tasks };
    if (JSON.stringify(now) === before) return now;
    before = JSON.stringify(now);
  }
}

function standing(server: Program): string {
  const { tasks } = latest<Tasks>(server);
  return `RSS ${megabytes(server.memory())}, ${server.descriptors()} descriptors, ${tasks} tasks`;
}

function totals({ messages, connects, resets, halfCloses, unread, silent, cut }: Counts): string {
  return (
    `${digits(messages)} messages (${digits(connects)} connects, ${digits(resets)} resets, ` +
    `${digits(halfCloses)} half-closes, ${unread} unread, ${digits(silent)} silent, ${digits(cut)} cut off)`
  );
}

/** The last line of JSON that a program has written. */
function latest<T>({ stdout }: Program): T {
  const end = stdout.lastIndexOf('}\n');
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{', end), end + 1)) as T;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`--${option} must be a number above 0, got '${text}'`);
}

function digits(count: number): string {
  return count.toLocaleString('en-US');
}

async function pass(ms: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function say(line: string): void {
  console.log(line);
}
