/** Echo servers side by side, and what the loop itself costs. bench/README.md says how and why. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { endWithUs } from './children.ts';
import type { EchoFigure, MicroCosts, MicroFigure } from './figures.ts';
import { LoadClient } from './load.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { Progress } from './progress.ts';
import { Server } from './server.ts';
import { micros, type Subject, servers, versions, YARDSTICK } from './subjects.ts';
import { echoTable, microTable } from './tables.ts';

/** Seconds of load that a new server gets before anything is measured: compilers need them. */
const FIRST_WARM_UP = 0.7;

/** Seconds of each load before they count. */
const WARM_UP = 0.15;

/** The load under which a new server is warmed up. */
const WARM_UP_LOAD = { connections: 50, size: 1000 };

async function main(options: BenchOptions): Promise<void> {
  const progress = new Progress();
  const client = new LoadClient();
  const echo: EchoFigure[] = [];
  const micro: MicroFigure[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const of = `round ${round} of ${options.rounds}`;
    // Each round begins with another one: what the machine does meanwhile should hit all alike.
    for (const subject of rotated(chosen(options), round)) {
      progress.say(`${of}: ${subject.name}`);
      echo.push(...(await measureServer(client, subject, options, round)));
    }
    if (!options.micro) continue;
    for (const subject of rotated(micros, round)) {
      progress.say(`${of}: ${subject.name}, without sockets`);
      micro.push({ round, program: subject.name, ...(await measureMicro(subject)) });
    }
  }
  client.end();
  progress.done();
  report(options, inOrder(echo, servers, 'server'), inOrder(micro, micros, 'program'));
}

/** Starts a server afresh, and puts it under each load: how well V8 compiles is luck, too. */
async function measureServer(
  client: LoadClient,
  subject: Subject,
  { loads, seconds }: BenchOptions,
  round: number,
): Promise<EchoFigure[]> {
  const server = await Server.start(subject);
  const { port, pid } = server;
  try {
    const figures: EchoFigure[] = [];
    await client.run({ port, pid, ...WARM_UP_LOAD, warmUp: 0, seconds: FIRST_WARM_UP });
    for (const load of loads) {
      const result = await client.run({ port, pid, ...load, warmUp: WARM_UP, seconds });
      figures.push({ round, server: subject.name, ...load, ...result });
    }
    return figures;
  } finally {
    await server.stop();
  }
}

async function measureMicro({ command: [program, ...args] }: Subject): Promise<MicroCosts> {
  const running = promisify(execFile)(program, args);
  endWithUs(running.child);
  return JSON.parse((await running).stdout) as MicroCosts;
}

function report(options: BenchOptions, echo: EchoFigure[], micro: MicroFigure[]): void {
  const machine = `${versions()}, ${process.platform} ${process.arch}`;
  console.log(`${machine}; medians of ${options.rounds} rounds of ${options.seconds} s\n`);
  for (const load of options.loads) console.log(`${echoTable(load, echo)}\n`);
  if (options.micro) console.log(`${microTable(micro)}\n`);
  if (options.json === undefined) return;
  const { rounds, seconds } = options;
  const json = JSON.stringify({ machine, rounds, seconds, echo, micro }, undefined, 2);
  writeFileSync(options.json, `${json}\n`);
}

function chosen({ only }: BenchOptions): readonly Subject[] {
  if (only === undefined) return servers;
  const unknown = only.find((name) => !servers.some((subject) => subject.name === name));
  if (unknown !== undefined)
    throw new TypeError(
      `there is no server ${unknown}, only ${servers.map(({ name }) => name).join(', ')}`,
    );
  return servers.filter(({ name }) => name === YARDSTICK || only.includes(name));
}

function rotated<Value>(values: readonly Value[], by: number): Value[] {
  const at = by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}

/** The figures in the order of the subjects they are of. */
function inOrder<Key extends string, Figure extends Record<Key, string>>(
  figures: readonly Figure[],
  subjects: readonly Subject[],
  key: Key,
): Figure[] {
  return subjects.flatMap(({ name }) => figures.filter((figure) => figure[key] === name));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await main(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
