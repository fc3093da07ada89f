/**
 * Plays the same clients against one of Fowler's listings, in Python or in TypeScript, and writes
 * down what they and the terminal see.
 */
import { availableParallelism, loadavg } from 'node:os';
import { Client } from '../../support/client.ts';
import { freePort, Program } from '../../support/program.ts';
import { normalised } from '../../support/transcripts.ts';

/** What a listing does with `boom`, as far as the players must know what to wait for. */
export interface Listing {
  readonly name: string;
  /** When its failures are told: never where it has none. */
  readonly tells: 'never' | 'at once' | 'at the end';
  /** Does it print a line for each piece of data? */
  readonly printsData?: boolean;
}

export const LISTINGS: readonly Listing[] = [
  { name: 'echo', tells: 'never' },
  { name: 'boom', tells: 'at once' },
  { name: 'tasks-list', tells: 'at the end' },
  { name: 'handled', tells: 'at once', printsData: true },
];

/** Seconds in which a failure must be told by a server that does nothing else. */
const REPORT_WITHIN = 1;
/** Seconds for the same, and for all else, where the machine has more to do than it can. */
const PATIENCE = 10;
/** Seconds of silence that count as silence; a report takes about a tenth of it. */
const SILENCE = 0.3;

export async function play(listing: Listing, language: 'python' | 'typescript'): Promise<string> {
  const port = await freePort();
  const env = { PORT: String(port) };
  await using program =
    language === 'python'
      ? Program.python(`test/parity/fowler/${listing.name}.py`, { env })
      : Program.typescript(`examples/fowler/${listing.name}.ts`, [], { env });
  const stage = new Stage(listing, program, port);
  try {
    await story(stage, listing);
  } finally {
    stage.leave();
  }
  return stage.transcript();
}

async function story(stage: Stage, { name, tells }: Listing): Promise<void> {
  await stage.connects(1);
  await stage.connects(2);
  await stage.says(1, 'hello\r\n');
  await stage.says(2, 'boom');

  await stage.saysBoom(1);
  // A failed task whose client was not the last to come lets go of its connection. So it does
  // here even where the task is kept; in Python the kept exception keeps the connection.
  if (tells === 'at once') await stage.seesEnd(1);
  await stage.says(2, 'still there?');
  await stage.saysBoom(2);
  if (name === 'handled') await stage.seesEnd(2);

  await stage.connects(3);
  await stage.says(3, 'hello\r\n');
  await stage.interrupts(3);
}

class Stage {
  readonly #listing: Listing;
  readonly #program: Program;
  readonly #port: number;
  readonly #clients = new Map<number, Client>();
  readonly #lines: string[] = [];
  /** How much of the program's output is written down. */
  readonly #noted = { stdout: 0, stderr: 0 };

  constructor(listing: Listing, program: Program, port: number) {
    this.#listing = listing;
    this.#program = program;
    this.#port = port;
  }

  async connects(n: number): Promise<void> {
    this.#lines.push(`* client ${n} connects`);
    this.#clients.set(n, await Client.to(this.#port));
    await this.#shows((text) => text.split(/^Got a connection .*\n/m).length > n);
    this.#note();
  }

  async says(n: number, text: string): Promise<void> {
    this.#lines.push(`* client ${n} says ${JSON.stringify(text)}`);
    const answer = await this.#client(n).converse(text);
    if (this.#listing.printsData) await this.#shows((text) => text.endsWith('data!\n'));
    this.#note();
    this.#lines.push(`client ${n} receives ${JSON.stringify(answer)}`);
  }

  /** The words that make a task fail, where there is something that can. */
  async saysBoom(n: number): Promise<void> {
    const { tells } = this.#listing;
    if (tells === 'never') return await this.says(n, 'boom\r\n');
    this.#lines.push(`* client ${n} says "boom\\r\\n"`);
    const before = this.#program.stderr.length;
    await this.#client(n).send('boom\r\n');
    if (tells === 'at the end') await pass(SILENCE);
    else {
      const begin = performance.now();
      await until(() => this.#program.stderr.slice(before).includes('\n    '), PATIENCE);
      const seconds = (performance.now() - begin) / 1000;
      if (seconds > REPORT_WITHIN && (loadavg()[0] as number) < availableParallelism())
        this.#lines.push(`* it took ${seconds} s`);
    }
    if (this.#listing.printsData) await this.#shows((text) => text.endsWith('data!\n'));
    this.#note();
    this.#lines.push(`client ${n} receives ${this.#client(n).available} bytes`);
  }

  async seesEnd(n: number): Promise<void> {
    const client = this.#client(n);
    await until(() => client.ending !== 'open', PATIENCE);
    this.#lines.push(`client ${n}: ${client.ending}`);
  }

  /** Ctrl-C: the program ends, and so does everybody's connection. */
  async interrupts(last: number): Promise<void> {
    this.#lines.push('* Ctrl-C');
    this.#program.signal('SIGINT');
    const { status, signal } = await this.#program.ends();
    this.#note();
    await this.#client(last).rest();
    this.#lines.push(`client ${last}: ${this.#client(last).ending}`);
    // Python ends by the signal itself, which a shell shows as the same status.
    this.#lines.push(`status ${signal === 'SIGINT' ? 130 : status}`);
  }

  leave(): void {
    for (const client of this.#clients.values()) client.close();
  }

  transcript(): string {
    return inOrder(normalised(`${this.#lines.join('\n')}\n`));
  }

  #client(n: number): Client {
    return this.#clients.get(n) as Client;
  }

  /** Waits for output; if it does not come, the transcript shows it. */
  async #shows(enough: (stdout: string) => boolean): Promise<void> {
    await until(() => enough(this.#program.stdout), PATIENCE);
  }

  #note(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const text = this.#program[stream].slice(this.#noted[stream]).trimEnd();
      this.#noted[stream] = this.#program[stream].length;
      if (text !== '') this.#lines.push(text);
    }
  }
}

/** The reports at the end come in no certain order in Python: here by task. */
function inOrder(transcript: string): string {
  return transcript.replace(/(?:^Task exception.*\n.*\n.*\n)+/gm, (reports) =>
    (reports.match(/(?:.*\n){3}/g) ?? []).sort().join(''),
  );
}

async function pass(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function until(done: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!done() && performance.now() < end) await pass(0.005);
}
