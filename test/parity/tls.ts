/** What protocols are told over TLS, each side by itself, and what its failures are. */
import { readFileSync } from 'node:fs';
import { redirectLog } from '../../src/base/log/log.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { print } from '../support/print.ts';

const PEM = readFileSync('test/parity/fixtures/self-signed.pem', 'utf8');
const SERVER: asyncio.TlsOptions = { key: PEM, cert: PEM };
const CLIENT: asyncio.TlsOptions = { ca: PEM };
/** Trusts whom everybody does. */
const STRANGER: asyncio.TlsOptions = {};

class Planted extends Error {}

class Teller extends asyncio.Protocol {
  readonly told: string[] = [];
  readonly lost = asyncio.getRunningLoop().createFuture<void>();
  readonly #keepOpen: boolean;
  readonly #fails: string | undefined;
  declare transport: asyncio.Transport;

  constructor({ keepOpen = false, fails }: { keepOpen?: boolean; fails?: string } = {}) {
    super();
    this.#keepOpen = keepOpen;
    this.#fails = fails;
  }

  #tell(what: string): void {
    this.told.push(what);
    if (this.#fails === what.split(' ')[0]) throw new Planted('planted');
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.transport = transport;
    this.#tell('made');
  }

  override dataReceived(data: Uint8Array): void {
    this.#tell(`data ${data}`);
  }

  override eofReceived(): boolean {
    this.#tell('eof');
    return this.#keepOpen;
  }

  override connectionLost(error?: unknown): void {
    if (!this.lost.done()) this.lost.setResult();
    this.#tell(`lost ${error === undefined ? 'None' : nameOf(error)}`);
  }
}

/** The planted one goes by Python's name for it. */
function nameOf(error: unknown): string {
  return error instanceof Planted ? 'ZeroDivisionError' : (error as Error).name;
}

const secureClient = (
  protocol: Teller,
  sock: socket.Socket,
  options: asyncio.TlsTimeouts = {},
  ssl: asyncio.TlsOptions = CLIENT,
): Promise<unknown> =>
  Promise.resolve(
    asyncio.getRunningLoop().createConnection(() => protocol, undefined, undefined, {
      sock,
      ssl,
      serverHostname: 'localhost',
      ...options,
    }),
  );

const secureServer = (
  protocol: Teller,
  sock: socket.Socket,
  options: asyncio.TlsTimeouts = {},
): Promise<unknown> =>
  Promise.resolve(
    asyncio
      .getRunningLoop()
      .connectAcceptedSocket(() => protocol, sock, { ssl: SERVER, ...options }),
  );

const SIDES = [
  ['client', secureClient],
  ['server', secureServer],
] as const;

async function both(client: Teller, server: Teller): Promise<void> {
  const [near, far] = socket.socketpair();
  await Promise.all([secureClient(client, near), secureServer(server, far)]);
}

async function ended(client: Teller, server: Teller): Promise<void> {
  await client.lost;
  await server.lost;
  await asyncio.sleep(0);
  print('client:', client.told.join(', '));
  print('server:', server.told.join(', '));
}

async function outcome(awaitable: PromiseLike<unknown>): Promise<string> {
  try {
    await awaitable;
    return 'done';
  } catch (error) {
    return (error as Error).name;
  }
}

/** `['made', 'eof']` */
const listed = (told: readonly string[]): string =>
  `[${told.map((each) => `'${each}'`).join(', ')}]`;

async function closedByTheClient(): Promise<void> {
  const [client, server] = [new Teller(), new Teller()];
  await both(client, server);
  client.transport.write(Buffer.from('one'));
  while (server.told.length < 2) await asyncio.sleep(0.01);
  client.transport.write(Buffer.from('two'));
  client.transport.close();
  print(client.transport.isClosing(), server.transport.isClosing());
  await ended(client, server);
}

async function keptOpen(): Promise<void> {
  const [client, server] = [new Teller(), new Teller({ keepOpen: true })];
  await both(client, server);
  client.transport.close();
  await ended(client, server);
}

async function aborted(): Promise<void> {
  const [client, server] = [new Teller(), new Teller()];
  await both(client, server);
  client.transport.write(Buffer.from('data'));
  while (server.told.length < 2) await asyncio.sleep(0.01);
  client.transport.abort();
  await ended(client, server);
}

async function asked(): Promise<void> {
  const [client, server] = [new Teller(), new Teller()];
  await both(client, server);
  const { transport } = client;
  const limits = `(${transport.getWriteBufferLimits().join(', ')})`;
  print(transport.canWriteEof(), transport.isReading(), limits);
  transport.write(Buffer.from('x'));
  print(transport.getWriteBufferSize());
  try {
    transport.writeEof();
  } catch (error) {
    if (error instanceof asyncio.RuntimeError) print('no half-close');
  }
  try {
    transport.write(5 as never);
  } catch (error) {
    if (error instanceof TypeError) print('no text');
  }
  for (let n = 0; n < 7; n += 1) transport.write(new Uint8Array());
  transport.close();
  transport.close();
  await ended(client, server);
}

async function writtenAfterTheEnd(): Promise<void> {
  const [client, server] = [new Teller(), new Teller()];
  await both(client, server);
  client.transport.close();
  await ended(client, server);
  for (let n = 0; n < 5; n += 1) client.transport.write(Buffer.from('x'));
}

async function leftInTheHandshake(): Promise<void> {
  for (const [name, start] of SIDES) {
    const [near, far] = socket.socketpair();
    const protocol = new Teller();
    const starting = asyncio.createTask(() => outcome(start(protocol, near)));
    await asyncio.sleep(0.05);
    far.close();
    print(name, await starting, listed(protocol.told));
  }
}

async function noTls(): Promise<void> {
  for (const [name, start] of SIDES) {
    const [near, far] = socket.socketpair();
    const protocol = new Teller();
    far.send(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    print(name, await outcome(start(protocol, near)), listed(protocol.told));
    far.close();
  }
}

async function tooSlow(): Promise<void> {
  for (const [name, start] of SIDES) {
    const [near, far] = socket.socketpair();
    const protocol = new Teller();
    try {
      await start(protocol, near, { sslHandshakeTimeout: 0.1 });
    } catch (error) {
      if (!(error instanceof asyncio.ConnectionAbortedError)) throw error;
      print(name, error.message, listed(protocol.told));
    }
    far.close();
  }
}

async function notTrusted(): Promise<void> {
  const [near, far] = socket.socketpair();
  const server = new Teller();
  const starting = asyncio.createTask(() => outcome(secureServer(server, far)));
  try {
    await secureClient(new Teller(), near, {}, STRANGER);
  } catch (error) {
    if (!(error instanceof asyncio.SSLCertVerificationError)) throw error;
    print(error.message.replace(/ certificate$/, ''));
  }
  print((await starting) !== 'done', listed(server.told));
}

async function upgraded(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [near, far] = socket.socketpair();
  const [client, server] = [new Teller(), new Teller()];
  const [plain] = await loop.createConnection(() => client, undefined, undefined, { sock: near });
  const [other] = await loop.connectAcceptedSocket(() => server, far);
  plain.write(Buffer.from('in the clear'));
  while (server.told.length < 2) await asyncio.sleep(0.01);
  [client.transport, server.transport] = await asyncio.gather(
    loop.startTls(plain, client, CLIENT, { serverHostname: 'localhost' }),
    loop.startTls(other, server, SERVER, { serverSide: true }),
  );
  client.transport.write(Buffer.from('encrypted'));
  client.transport.close();
  await ended(client, server);
}

async function upgradedInVain(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [near, far] = socket.socketpair();
  const client = new Teller();
  const [plain] = await loop.createConnection(() => client, undefined, undefined, { sock: near });
  far.send(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
  print(await outcome(loop.startTls(plain, client, CLIENT, { serverHostname: 'localhost' })));
  await client.lost;
  print(listed(client.told), plain.isClosing());
  far.close();
}

async function failing(): Promise<void> {
  asyncio.getRunningLoop().setExceptionHandler((_loop, { message }) => {
    print('reported:', String(message).replace('eofReceived', 'eof_received'));
  });
  for (const fails of ['data', 'eof']) {
    const [client, server] = [new Teller(), new Teller({ fails })];
    await both(client, server);
    client.transport.write(Buffer.from('data'));
    if (fails === 'eof') client.transport.close();
    await ended(client, server);
  }
}

async function noSense(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const named = { ssl: CLIENT, serverHostname: 'x' };
  const inPython = (name: string): string => (name === 'RangeError' ? 'ValueError' : name);
  for (const options of [
    { sslHandshakeTimeout: 1 },
    { sslShutdownTimeout: 1 },
    { serverHostname: 'x' },
    { ssl: true },
    { ...named, sslHandshakeTimeout: 0 },
    { ...named, sslShutdownTimeout: -1 },
  ]) {
    const [near, far] = socket.socketpair();
    const given = { sock: near, ...options };
    const made = loop.createConnection(() => new asyncio.Protocol(), undefined, undefined, given);
    print(inPython(await outcome(made)));
    near.close();
    far.close();
  }
  for (const options of [{ ssl: true }, { sslHandshakeTimeout: 1 }, { sslShutdownTimeout: 1 }]) {
    const factory = (): asyncio.Protocol => new asyncio.Protocol();
    print(inPython(await outcome(loop.createServer(factory, '127.0.0.1', 0, options as object))));
  }
}

const restore = redirectLog((line) => {
  print(`log: ${line.replace('eofReceived', 'eof_received').trimEnd()}`);
});
await asyncio.run(async () => {
  // A busy machine is slow, which debug mode would tell.
  asyncio.getRunningLoop().slowCallbackDuration = 100;
  for (const story of [
    closedByTheClient,
    keptOpen,
    aborted,
    asked,
    writtenAfterTheEnd,
    leftInTheHandshake,
    noTls,
    tooSlow,
    notTrusted,
    upgraded,
    upgradedInVain,
    failing,
    noSense,
  ]) {
    print(`${story.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}:`);
    await story();
  }
});
restore();
