/**
 * npm run soak [-- --minutes N]: an echo server under everything that clients do, for long: by TCP on
 * IPv4 and IPv6, with TLS, and on a unix path.
 *
 * Two processes: the server, which is watched, and the load, which compares all that it gets back. Again
 * and again all clients leave, and the server is looked at: whatever it then has more than before was
 * left behind, however busy the machine is. Meanwhile it must not stand still.
 */
import { parseArgs } from 'node:util';
import { Program } from '../support/program.ts';
import { megabytes, type Sample, verdicts } from './verdict.ts';

const HELP = `Usage: npm run soak -- [OPTIONS]

Options:
  --minutes N      how long                                     (default: 30)
  --rate N         messages per second, of 1,000 bytes each     (default: 2000)
  --driver DRIVER  how the server's sockets are made            (default: posix)
  --plant WHAT     has the server lose one with each client of the path, to see that it is found:
                   descriptor, task, object or buffer (of 1,000 bytes)
  --help           show this
`;

/** Messages that a soak has to come to, for each of its minutes: 1,000,000 in half an hour. */
const LEAST_A_MINUTE = 1_000_000 / 30;
/** On a busy machine it goes on until they are there; for so many times as long at most. */
const PATIENCE = 3;
/** How clients come to the server. */
const PLACES = ['tcp', 'ipv6', 'tls', 'unix'];
/** How often the server is looked at, in all; and seconds between two looks, at the least and the most. */
const LOOKS = 12;
const SHORTEST = 5;
const LONGEST = 60;
/** Seconds in which some message must come back. */
const STANDSTILL = 10;
/** Seconds for the clients to leave, and for the server to be done with them. */
const LEAVING = 60;
const DONE = 20;
/** Seconds that the children may go on when nobody ends them. */
const OVERTIME = 600;

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
    plant: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else
  process.exitCode = await soak(
    positive('minutes', values.minutes),
    positive('rate', values.rate),
    values.driver,
    values.plant,
  );

async function soak(minutes: number, rate: number, driver: string, plant: string): Promise<number> {
  const deadline = String(minutes * 60 * PATIENCE + OVERTIME);
  await using server = Program.typescript('test/soak/server.ts', [deadline, plant], {
    env: { ASYNCIO_SOCKETS: driver },
  });
  const places: string[] = [];
  for (const name of PLACES) places.push(await placeOf(server, name));
  const atRest = await resting(server);
  say(`the server, on ${driver}, at rest: ${standing(server)}`);
  await using load = Program.typescript('test/soak/load.ts', [String(rate), deadline, ...places]);

  const least = Math.floor(LEAST_A_MINUTE * minutes);
  const watched = await watch(server, load, { minutes, least, atRest });

  load.signal('SIGTERM');
  const loadEnding = await load.ends(LEAVING);
  const { cancelled } = latest<Tasks>(server);
  const counts = latest<Counts>(load);
  server.signal('SIGTERM');
  const serverEnding = await server.ends(30);
  const checks: [good: boolean, text: string][] = [
    ...verdicts(watched.samples, atRest).map(({ passed, reason }): [boolean, string] => [
      passed,
      reason,
    ]),
    [
      watched.longest < STANDSTILL,
      `no message for ${watched.longest.toFixed(1)} s at the most, of ${STANDSTILL}`,
    ],
    [
      counts.messages >= least,
      `messages: ${digits(counts.messages)}, at least ${digits(least)}, in ${watched.minutes.toFixed(1)} minutes`,
    ],
    [
      counts.cut <= cancelled,
      `clients cut off: ${digits(counts.cut)}, tasks cancelled: ${digits(cancelled)}`,
    ],
    [loadEnding.status === 0 && load.stderr === '', `the load ended well ${load.stderr}`.trim()],
    [
      serverEnding.status === 0 && server.stderr === '',
      `so did the server ${server.stderr}`.trim(),
    ],
  ];
  for (const [good, text] of checks) say(`${good ? 'ok    ' : 'FAILED'} ${text}`);
  const good = checks.every(([one]) => one);
  say(good ? `passed: ${watched.minutes.toFixed(1)} minutes, ${totals(counts)}` : 'FAILED');
  return good ? 0 : 1;
}

/** Where the server listens, as it says it. */
async function placeOf(server: Program, name: string): Promise<string> {
  const [, place] = await server.shows(new RegExp(`^listening (${name}:.*)$`, 'm'));
  return place as string;
}

interface Watched {
  readonly samples: readonly Sample[];
  /** The longest time without a message, in seconds. */
  readonly longest: number;
  /** How long it was. */
  readonly minutes: number;
}

interface WatchOptions {
  readonly minutes: number;
  /** How many messages there must be. */
  readonly least: number;
  readonly atRest: AtRest;
}

/** What a server has without clients. */
type AtRest = Pick<Sample, 'descriptors' | 'tasks'>;

/**
 * Has the load come and leave, and looks at the server each time; until something was left behind, or
 * either has ended, too.
 */
async function watch(
  server: Program,
  load: Program,
  { minutes, least, atRest }: WatchOptions,
): Promise<Watched> {
  const samples: Sample[] = [];
  const begin = performance.now();
  const passed = (): number => (performance.now() - begin) / 60_000;
  const ended = Promise.race([server.ended, load.ended]).then(() => true);
  const round = Math.min(LONGEST, Math.max(SHORTEST, (minutes * 60) / LOOKS));
  let longest = 0;
  const enough = (): boolean =>
    passed() > minutes * PATIENCE ||
    (passed() >= minutes && latest<Counts>(load).messages >= least);
  await load.shows(/^\{/m);
  for (;;) {
    const stood = await stayed(load, ended, round);
    if (stood === undefined) break;
    longest = Math.max(longest, stood);
    load.signal('SIGUSR2');
    await load.shows(nth('resting', samples.length + 1), { seconds: LEAVING });
    samples.push(await look(server, latest<Counts>(load), atRest, samples.length + 1));
    say(
      `minute ${passed().toFixed(1)}: ${totals(latest(load))}; ${standing(server, samples.at(-1))}`,
    );
    const more = isMore(samples.at(-1) as Sample, atRest);
    if (more) say(server.describeDescriptors().join('\n'));
    if (more || enough()) break;
    load.signal('SIGUSR2');
  }
  return { samples, longest, minutes: passed() };
}

/** Lets the load be for so long; the longest time without a message, or nothing if a child has ended. */
async function stayed(
  load: Program,
  ended: Promise<boolean>,
  seconds: number,
): Promise<number | undefined> {
  const end = performance.now() + seconds * 1000;
  let { messages } = latest<Counts>(load);
  let last = performance.now();
  let longest = 0;
  while (performance.now() < end) {
    if (await Promise.race([ended, pass(500)])) return undefined;
    const now = latest<Counts>(load).messages;
    longest = Math.max(longest, performance.now() - last);
    if (now === messages) continue;
    messages = now;
    last = performance.now();
  }
  return longest / 1000;
}

/** Looks at the server when all clients have left, once it is as it was or its time is over. */
async function look(
  server: Program,
  { connects }: Counts,
  atRest: AtRest,
  count: number,
): Promise<Sample> {
  const end = performance.now() + DONE * 1000;
  let now: AtRest;
  do {
    await pass(1100);
    now = { descriptors: server.descriptors(), tasks: latest<Tasks>(server).tasks };
  } while (isMore(now, atRest) && performance.now() < end);
  // Not before: a collection closes sockets that nobody closed.
  server.signal('SIGUSR2');
  const [text] = await server.shows(nth('in use \\d+', count), { seconds: LEAVING });
  const used = Number(/(\d+)\n$/.exec(text)?.[1]);
  return { ...now, connects, used, rss: server.memory() };
}

function isMore(now: AtRest, before: AtRest): boolean {
  return now.descriptors > before.descriptors || now.tasks > before.tasks;
}

/** Where a line stands for the nth time. No line can be skipped, or the search would take twice as long each time. */
function nth(line: string, count: number): RegExp {
  return new RegExp(`(?<![^])(?:(?:(?!${line}$).*\\n)*${line}\\n){${count}}`, 'm');
}

/** Waits until the server's descriptors and tasks change no more. */
async function resting(server: Program): Promise<AtRest> {
  for (let before = ''; ; ) {
    await pass(2500);
    const now = { descriptors: server.descriptors(), tasks: latest<Tasks>(server).tasks };
    if (JSON.stringify(now) === before) return now;
    before = JSON.stringify(now);
  }
}

function standing(server: Program, { used }: Partial<Sample> = {}): string {
  const { tasks } = latest<Tasks>(server);
  return (
    (used === undefined ? '' : `${megabytes(used)} in use, `) +
    `RSS ${megabytes(server.memory())}, ${server.descriptors()} descriptors, ${tasks} tasks`
  );
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
