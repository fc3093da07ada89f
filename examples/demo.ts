/** Runs Fowler's four listings with real clients, and explains what happens. Run: npm run demo */
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

/** `--quick` leaves out the pauses for reading. */
const quick = process.argv.includes('--quick');
/** The expectations that were not met. */
const missed: string[] = [];
/** When the failures were reported: the listing, in asyncio-ts, and in CPython. */
const outcomes: [listing: string, here: string, there: string][] = [];

const main = asyncio.coroutine(async function main(): Promise<void> {
  say(
    'The four versions of the echo server in Fowler’s article. Each runs in its own process, talks to',
  );
  say('real clients, and ends with Ctrl-C. Times are in seconds since the first client connected.');
  await reading(1);
  await play('echo', 'an echo server, with a task for each client', echoes);
  await play('boom', 'boom makes a task fail, and its exception is never retrieved', fails);
  await play('tasks-list', 'the same bug, but all tasks are kept in a list', staysSilent);
  await play('handled', 'the bug is handled where it happens', handles);
  say('\n── how the failures were reported\n');
  for (const [listing, here, there] of [['', 'asyncio-ts', 'CPython'], ...outcomes])
    explain(`${listing?.padEnd(10)}  ${here?.padEnd(45)}  ${there}`);
  say('');
  for (const what of missed) say(`NOT SEEN: ${what}`);
  if (missed.length === 0) say('Everything happened as expected.');
});

async function echoes(server: Server): Promise<void> {
  const one = await server.connect('client 1');
  const two = await server.connect('client 2');
  await one.converse('hello');
  await two.converse('hello');
  await one.converse('boom\r\n');
  explain('Two clients are served at the same time. To this server, boom is ordinary data.');
  await interrupt(server);
}

async function fails(server: Server): Promise<void> {
  const one = await server.connect('client 1');
  const two = await server.connect('client 2');
  await one.converse('hello');
  const first = await delayOf(one, server, 1);
  check('the failure is reported while the server runs', server.stderr.includes("'Task-2'"));
  explain(
    `The task has failed, and nothing can retrieve its exception any more. So it is reported:`,
  );
  explain(`by asyncio-ts after ${first} s, by CPython at once.`);
  quote(server.stderr, 'asyncio-ts ');
  quote(PYTHON_REPORT, 'CPython    ');
  await reading(2);
  await two.converse('hello');
  const second = await delayOf(two, server, 2);
  check('the second failure is reported too', server.stderr.includes("'Task-3'"));
  explain(`The server continues. The failure of Task-3 is reported after ${second} s.`);
  outcomes.push(['boom', `reported after ${first} s and ${second} s`, 'reported at once']);
  await interrupt(server);
}

async function staysSilent(server: Server): Promise<void> {
  const one = await server.connect('client 1');
  const two = await server.connect('client 2');
  const seconds = quick ? 0.5 : 3;
  await one.send('boom\r\n');
  await two.send('boom\r\n');
  await server.reports(1, seconds);
  check('nothing is reported as long as the server runs', server.stderr === '');
  explain('Both tasks have failed, but they are still in the list, so nothing is reported yet.');
  const before = await interrupt(server);
  const reports = server.stderr.slice(before);
  check('both failures are reported at the end', reports.split(REPORT).length === 3);
  explain('They are reported only when the program ends. CPython does the same:');
  quote(reports);
  outcomes.push(['tasks-list', `nothing for ${seconds} s, reported at the end`, 'the same']);
  await reading(2);
}

async function handles(server: Server): Promise<void> {
  const one = await server.connect('client 1');
  await one.converse('hello');
  const said = performance.now();
  await one.send('boom\r\n');
  const ended = await one.ended();
  outcomes.push(['handled', `logged after ${since(said, server)} s`, 'logged at once']);
  check('the failure is logged', server.stderr.startsWith('ERROR: Error: Unexpected network'));
  check('the connection is closed', ended);
  explain('The failure is logged where it is caught, and the connection is closed at once:');
  quote(server.stderr);
  const before = await interrupt(server);
  check('there is nothing left to report', !server.stderr.slice(before).includes(REPORT));
  explain('No task has failed, so nothing else is reported. CPython does the same.');
}

/** Sends boom; returns the seconds until the failure was reported. */
async function delayOf(client: Client, server: Server, count: number): Promise<string> {
  const said = performance.now();
  await client.send('boom\r\n');
  await server.reports(count, 10);
  return since(said, server);
}

function since(begin: number, { lastError }: Server): string {
  return ((lastError - begin) / 1000).toFixed(3);
}

const REPORT = 'Task exception was never retrieved';

const PYTHON_REPORT = `\
Task exception was never retrieved
future: <Task finished name='Task-2' coro=<echo() done, defined at boom.py:8> exception=Exception('Unexpected network error')>
Traceback (most recent call last):
  File "boom.py", line 12, in echo
    raise Exception("Unexpected network error")
Exception: Unexpected network error
`;

/** Runs one listing while `act` runs. */
async function play(
  name: string,
  about: string,
  act: (server: Server) => Promise<void>,
): Promise<void> {
  say(`\n── examples/fowler/${name}.ts: ${about}\n`);
  const server = new Server(name, freePort());
  try {
    await act(server);
    await reading(1);
  } finally {
    server.end();
  }
}

/** Sends Ctrl-C; returns the length of stderr before it. */
async function interrupt(server: Server): Promise<number> {
  const before = server.stderr.length;
  await reading(1);
  tell(server, 'we', 'press Ctrl-C');
  const status = await server.interrupt();
  tell(server, 'server', `ends with status ${status}`);
  check('Ctrl-C ends the server with status 130', status === 130);
  check('it prints one line', server.stderr.slice(before).startsWith('KeyboardInterrupt\n'));
  return before;
}

/** One of the listings, in its own process. */
class Server {
  readonly port: number;
  readonly #child: ChildProcess;
  /** When the first client connected, in milliseconds. */
  begin: number | undefined;
  stderr = '';
  /** When stderr was last written to, in milliseconds. */
  lastError = 0;
  #status: number | null | undefined;
  readonly #connections: socket.Socket[] = [];

  constructor(name: string, port: number) {
    this.port = port;
    // TypeScript or compiled, like this file.
    const file = new URL(`fowler/${name}${extname(import.meta.url)}`, import.meta.url);
    this.#child = spawn(process.execPath, [...process.execArgv, fileURLToPath(file)], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trimEnd().split('\n')) tell(this, 'server', line);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.lastError = performance.now();
    });
    this.#child.once('close', (status) => {
      this.#status = status;
    });
  }

  /** Connects a client when the server listens. */
  async connect(name: string): Promise<Client> {
    const loop = asyncio.getRunningLoop();
    while (true) {
      const connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM);
      connection.setblocking(false);
      try {
        await loop.sockConnect(connection, ['127.0.0.1', this.port]);
        this.begin ??= performance.now();
        tell(this, name, 'connects');
        await asyncio.sleep(0.02); // so that the server's line comes first
        this.#connections.push(connection);
        return new Client(name, connection, this);
      } catch (error) {
        connection.close();
        if (!(error instanceof asyncio.ConnectionRefusedError)) throw error;
        if (this.#status !== undefined) throw new Error(`the server ended: ${this.stderr}`);
        await asyncio.sleep(0.02);
      }
    }
  }

  /** Waits until this many failures have been reported, for at most `seconds`. */
  async reports(count: number, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (this.stderr.split('\n    at ').length <= count && performance.now() < end)
      await asyncio.sleep(0.005);
  }

  async interrupt(): Promise<number | null> {
    this.#child.kill('SIGINT');
    while (this.#status === undefined) await asyncio.sleep(0.005);
    return this.#status;
  }

  /** Ends the process, and closes its clients' connections. */
  end(): void {
    for (const connection of this.#connections) connection.close();
    if (this.#status === undefined) this.#child.kill('SIGKILL');
  }
}

class Client {
  readonly #name: string;
  readonly #connection: socket.Socket;
  readonly #server: Server;

  constructor(name: string, connection: socket.Socket, server: Server) {
    this.#name = name;
    this.#connection = connection;
    this.#server = server;
  }

  async send(text: string): Promise<void> {
    tell(this.#server, this.#name, `says ${JSON.stringify(text)}`);
    await asyncio.getRunningLoop().sockSendall(this.#connection, Buffer.from(text));
  }

  async converse(text: string): Promise<void> {
    await this.send(text);
    const answer = await asyncio.getRunningLoop().sockRecv(this.#connection, 1024);
    await asyncio.sleep(0.02);
    tell(this.#server, this.#name, `receives ${JSON.stringify(String(answer))}`);
    check(`${this.#name} receives ${JSON.stringify(text)}`, String(answer) === text);
  }

  /** Waits for the server to close the connection. */
  async ended(): Promise<boolean> {
    const { length } = await asyncio.getRunningLoop().sockRecv(this.#connection, 1024);
    await asyncio.sleep(0.02);
    tell(this.#server, this.#name, 'sees that its connection was closed');
    return length === 0;
  }
}

function freePort(): number {
  const probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM);
  probe.bind(['127.0.0.1', 0]);
  const [, port] = probe.getsockname() as readonly [string, number];
  probe.close();
  return port;
}

async function reading(seconds: number): Promise<void> {
  if (!quick) await asyncio.sleep(seconds);
}

function check(what: string, seen: boolean): void {
  if (!seen) missed.push(what);
}

function say(text: string): void {
  console.log(text);
}

/** `  0.512  client 1  says "hello"` */
function tell({ begin }: Server, who: string, what: string): void {
  const now = performance.now();
  say(`  ${((now - (begin ?? now)) / 1000).toFixed(3).padStart(6)}  ${who.padEnd(8)}  ${what}`);
}

function explain(text: string): void {
  say(`  ${text}`);
}

function quote(text: string, mark = ''): void {
  for (const line of text.trimEnd().split('\n')) say(`    ${mark}| ${line}`);
}

await asyncio.run(main());
if (missed.length > 0) process.exitCode = 1;
