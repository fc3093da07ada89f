/**
 * Plays the listings of the articles on servers and protocols, in Python or in TypeScript, with
 * the same clients, and writes down what they and the terminal see.
 */
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { Client } from '../../support/client.ts';
import { freePort, Program } from '../../support/program.ts';
import { normalised } from '../../support/transcripts.ts';
import { until } from '../../support/until.ts';

export type Language = 'python' | 'typescript';

/** What happens around each listing. */
const STORIES: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  // S1
  'handlers/tasks': async (stage) => {
    await stage.shows('Server is running\n');
    const client = await stage.connects();
    await stage.shows(/(<Task.*\n){2}/);
    await stage.seesEnd(client);
    await stage.interrupts();
  },
  // S2, S4, S13: against a server that ends first, and one that does not.
  'handlers/client': async (stage) => {
    const server = createServer((connection) => connection.end());
    await new Promise<void>((resolve) => server.listen(stage.port, '127.0.0.1', resolve));
    try {
      await stage.ends();
    } finally {
      server.close();
    }
  },
  // S3
  'handlers/failing': async (stage) => {
    await stage.shows('Server is running\n');
    for (let count = 0; count < 2; count += 1) {
      const client = await stage.connects();
      await stage.seesEnd(client);
      await stage.reports(/Something bad happened\n/, count + 1);
    }
    await stage.interrupts();
  },
  // S5
  'server/create': (stage) => stage.ends(),
  // S6
  'server/serve-forever': async (stage) => {
    await stage.shows('<Server');
    const client = await stage.connects();
    stage.leave(client);
    await stage.interrupts();
  },
  // S7
  'server/start-serving': (stage) => stage.ends(),
  // S8
  'server/close': (stage) => stage.ends(),
  // S9
  'server/context-manager': (stage) => stage.ends(),
  // S10
  'context-manager/cancelled': (stage) => stage.ends(),
  // S11
  'context-manager/interrupted': (stage) => stage.ends(),
  // S12
  'context-manager/with-client': async (stage) => {
    await stage.shows('<Server');
    const client = await stage.connects();
    await stage.shows('Client connected\n');
    await stage.ends();
    await stage.seesEnd(client);
  },
  // S14
  'context-manager/forgotten-await': (stage) => stage.ends(),
  // S15
  'context-manager/at-once': async (stage) => {
    const client = await stage.connects();
    await stage.isHandled(client);
    await stage.interrupts();
  },
  // S20
  'protocol/yell-server': async (stage) => {
    const one = await stage.connects();
    await stage.shows('Connection received');
    await stage.says(one, 'abc\n', 'ABC\n');
    const two = await stage.connects();
    await stage.says(two, 'no line', 'NO LINE');
    one.finish();
    await stage.seesEnd(one);
    await stage.shows('Client disconnected\n');
    await stage.interrupts();
  },
  // S21
  'protocol/yell-client': async (stage) => {
    let talks = 0;
    const server = createServer((connection) => {
      connection.on('error', () => {});
      connection.on('data', (data) => {
        talks += 1;
        if (talks < 10) connection.write(data.toString().toUpperCase());
        else connection.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(stage.port, '127.0.0.1', resolve));
    try {
      await stage.ends();
    } finally {
      server.close();
    }
    stage.notes(`it talked ${talks} times`);
  },
  // S22
  'protocol/yell-statistics': async (stage) => {
    for (let count = 0; count < 2; count += 1) {
      const client = await stage.connects();
      for (let message = 0; message < 50; message += 1) await client.converse('hello');
      stage.leave(client);
    }
    await stage.interrupts();
  },
};

export const LISTINGS: readonly string[] = Object.keys(STORIES);

/** Seconds of a listing's second: the listings sleep for up to ten. */
const SECOND = 0.1;

export async function play(listing: string, language: Language): Promise<string> {
  const port = await freePort();
  const env = { PORT: String(port), SECOND: String(SECOND) };
  await using stage = new Stage(port, () =>
    language === 'python'
      ? Program.python(`test/parity/articles/${listing}.py`, { env })
      : Program.typescript(`examples/${listing}.ts`, [], { env }),
  );
  await STORIES[listing]?.(stage);
  return stage.transcript();
}

class Stage implements AsyncDisposable {
  readonly port: number;
  readonly #start: () => Program;
  #started: Program | undefined;
  readonly #clients: Client[] = [];
  readonly #lines: string[] = [];

  constructor(port: number, start: () => Program) {
    this.port = port;
    this.#start = start;
  }

  /** Starts when it is first looked at: some need a server first. */
  get #program(): Program {
    this.#started ??= this.#start();
    return this.#started;
  }

  notes(line: string): void {
    this.#lines.push(line);
  }

  async shows(text: string | RegExp): Promise<void> {
    await this.#program.shows(text instanceof RegExp ? text : new RegExp(text));
  }

  /** Waits until so many reports match. */
  async reports(pattern: RegExp, count: number): Promise<void> {
    const all = new RegExp(`(?:${pattern.source}[^]*){${count}}$`);
    await this.#program.shows(all, { from: 'stderr' });
  }

  async connects(): Promise<Client> {
    // A program has to begin first.
    void this.#program;
    const client = await Client.to(this.port, { seconds: 10 });
    this.#clients.push(client);
    this.notes(`* client ${this.#clients.length} connects`);
    return client;
  }

  async says(client: Client, text: string, answer: string): Promise<void> {
    await client.send(text);
    const received = String(await client.receive(answer.length));
    this.notes(`* client ${this.#number(client)} says ${JSON.stringify(text)}`);
    this.notes(`client ${this.#number(client)} receives ${JSON.stringify(received)}`);
  }

  /**
   * Waits for two rounds of the server's loop: the handler's task has run, and so have its callbacks. CPython reports a
   * callback that Ctrl-C finds between them. Ours closes the connection of a handler that has ended, maybe while the
   * client sends. Linux only: elsewhere, it does not wait.
   */
  async isHandled(client: Client): Promise<void> {
    if (platform() !== 'linux') return;
    const { port } = client;
    for (let round = 0; round < 2 && client.ending === 'open'; round += 1) {
      await client.send('x').catch(() => {});
      await until(() => client.ending !== 'open' || this.#program.hasReadFrom(port));
    }
  }

  async seesEnd(client: Client): Promise<void> {
    await client.rest();
    this.notes(`client ${this.#number(client)}: ${client.ending}`);
  }

  leave(client: Client): void {
    client.close();
  }

  /** Ctrl-C: the program ends. */
  async interrupts(): Promise<void> {
    this.notes('* Ctrl-C');
    this.#program.signal('SIGINT');
    await this.ends();
  }

  async ends(): Promise<void> {
    const { status, signal } = await this.#program.ends();
    // Python ends by the signal itself, which a shell shows as the same status.
    this.notes(`status ${signal === 'SIGINT' ? 130 : status}`);
  }

  transcript(): string {
    const { stdout, stderr } = this.#program;
    return withoutDetails(
      normalised(`${this.#lines.join('\n')}\n== stdout\n${stdout}== stderr\n${stderr}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#started?.[Symbol.asyncDispose]();
  }

  #number(client: Client): number {
    return this.#clients.indexOf(client) + 1;
  }
}

/** What must not matter here beside all that never does. */
function withoutDetails(transcript: string): string {
  const text = transcript
    .replace(/\bfd=\d+/g, 'fd=N')
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false')
    // V8 does not say at which line a function stands.
    .replace(/running at [^>]*:\d+>/g, 'running>')
    .replace(/running, defined at FILE:LINE>/g, 'running>')
    .replace(/\(\) at \S+?:\d+(?=[\],])/g, '()')
    .replace(/ at \S+\.py:\d+/g, '')
    // Shortened, it depends on the length of a path.
    .replace(/<Task cancell\.\.\..*?>>/g, '<Task cancelled>')
    // Ours tell who the peer was.
    .replace(/^peername: .*\n/gm, '')
    .replace(/\b\d+\.\d\d( seconds)?$/gm, 'N.NN$1')
    // What Node adds behind an error that nobody caught, and shows of the line.
    .replace(/\n\nNode\.js v.*\n$/, '\n')
    .replace(/^file:.*\n.*\n +\^\n\n/gm, '')
    // What Python shows of a line that warns.
    .replace(/^.*: (RuntimeWarning: .*\n) .*\nRuntimeWarning: Enable tracemalloc.*\n/gm, '$1');
  // Tasks come in no certain order in Python.
  return text.replace(
    /(?:^<Task .*\n)+/gm,
    (tasks) => `${tasks.trim().split('\n').sort().join('\n')}\n`,
  );
}
