import * as assert from 'uvu/assert';
import { connectDuplex, type Loop, Protocol, type Transport } from '../../src/index.ts';
import type { DriverName } from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { CLIENT, SERVER, secureClient, secureServer } from '../support/tls.ts';
import { Recorder, socketsOn, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;

const CALLBACKS = [
  'connectionMade',
  'dataReceived',
  'eofReceived',
  'pauseWriting',
  'resumeWriting',
  'connectionLost',
] as const;

type Callback = (typeof CALLBACKS)[number];
type Action = (transport: Transport, actor: Actor) => void;

/** What a program may do in a callback. */
const ACTIONS: Record<string, Action> = {
  aborts: (transport) => transport.abort(),
  closes: (transport) => transport.close(),
  'closes and aborts': (transport) => {
    transport.close();
    transport.abort();
  },
  'pauses and resumes': (transport) => {
    transport.pauseReading();
    transport.resumeReading();
  },
  'writes a little': (transport) => {
    transport.write(Buffer.alloc(10));
    transport.write(Buffer.alloc(10));
  },
  'writes much': (transport) => transport.write(Buffer.alloc(200_000)),
  'moves the marks': (transport) => transport.setWriteBufferLimits(0),
  'hands over': (transport, { calls }) => transport.setProtocol(new Actor(calls)),
  throws: () => {
    throw new RangeError('odd');
  },
};

/** Notes what it is told, and acts once in one of its callbacks. */
class Actor extends Protocol {
  readonly calls: string[];
  transport: Transport | undefined;
  #at: Callback | undefined;
  readonly #act: Action | undefined;

  constructor(calls: string[] = [], at?: Callback, act?: Action) {
    super();
    this.calls = calls;
    this.#at = at;
    this.#act = act;
  }

  #note(callback: Callback): void {
    this.calls.push(callback);
    if (this.#at !== callback) return;
    this.#at = undefined;
    this.calls.push('acts');
    this.#act?.(this.transport as Transport, this);
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.#note('connectionMade');
  }

  override dataReceived(): void {
    this.#note('dataReceived');
  }

  override eofReceived(): undefined {
    this.#note('eofReceived');
  }

  override pauseWriting(): void {
    this.#note('pauseWriting');
  }

  override resumeWriting(): void {
    this.#note('resumeWriting');
  }

  override connectionLost(): void {
    this.#note('connectionLost');
  }
}

/** What is written at once, until some of it has to wait. */
const PIECES = [1, 65_536, 65_536].map((size) => Buffer.alloc(size));

/** Two ends of a connection, the first with the protocol. */
type Connect = (loop: Loop, protocol: Protocol, peer: Recorder) => Promise<Transport[]>;

const plainly =
  (driver: DriverName): Connect =>
  async (loop, protocol, peer) => {
    const [near, far] = await socketsOn(loop, driver);
    const connect = (made: Protocol, sock: typeof near) =>
      loop.createConnection(() => made, undefined, undefined, { sock });
    const [[one], [other]] = await Promise.all([connect(protocol, near), connect(peer, far)]);
    return [one, other];
  };

const encrypted =
  (driver: DriverName): Connect =>
  async (loop, protocol, peer) => {
    const [near, far] = await socketsOn(loop, driver);
    return await Promise.all([
      secureServer(loop, near, protocol, SERVER),
      secureClient(loop, far, peer, CLIENT),
    ]);
  };

const onStreams: Connect = async (_loop, protocol, peer) => {
  const [near, far] = duplexPair();
  const [[one], [other]] = await Promise.all([
    connectDuplex(() => protocol, near),
    connectDuplex(() => peer, far),
  ]);
  return [one, other];
};

/** Has every callback called that can be, and waits for the end. */
async function live(loop: Loop, actor: Actor, connect: Connect): Promise<void> {
  const peer = new Recorder(loop);
  const connecting = connect(loop, actor, peer);
  const ends = await connecting.catch(() => []);
  const [transport, other] = ends;
  const isOver = (): boolean => actor.calls.includes('connectionLost');
  if (transport === undefined || other === undefined) {
    // The action ended the connection before it stood.
    peer.transport?.abort();
    if (actor.calls.length > 0) await until(loop, isOver);
    return;
  }
  other.pauseReading();
  other.write(Buffer.from('hello'));
  await until(
    loop,
    () => isOver() || actor.calls.includes('dataReceived') || transport.isClosing(),
  );
  transport.setWriteBufferLimits(0);
  while (!transport.isClosing() && transport.getWriteBufferSize() === 0) {
    // The first one goes at once; the others wait for the end of the turn.
    for (const piece of PIECES) transport.write(piece);
    await settle(loop, 1);
  }
  other.resumeReading();
  await until(loop, () => isOver() || transport.getWriteBufferSize() === 0);
  // Closed with bytes unread, the peer would reset the connection.
  for (let before = -1; before !== peer.received.length; await settle(loop, 10))
    before = peer.received.length;
  other.close();
  await until(loop, isOver);
  other.abort();
  await settle(loop, 5);
}

const KINDS: readonly (readonly [name: string, connect: Connect])[] = [
  ...DRIVERS.map(({ name }) => [name, plainly(name)] as const),
  ...DRIVERS.map(({ name }) => [`${name} with TLS`, encrypted(name)] as const),
  ["a stream of Node's", onStreams],
];

for (const [kind, connect] of KINDS)
  loopBehaviour(`A protocol on ${kind}`, (it) => {
    for (const callback of CALLBACKS)
      for (const [what, act] of Object.entries(ACTIONS))
        it(
          `gets all its callbacks in order, and connectionLost() once, if it ${what} in ${callback}()`,
          async (loop, { reports }) => {
            const actor = new Actor([], callback, act);

            await live(loop, actor, connect);

            const { calls } = actor;
            const story = calls.join(' ');
            assert.is(calls.filter((call) => call === 'connectionLost').length, 1, story);
            const afterwards = calls.slice(calls.indexOf('acts') + 1);
            if (what.includes('abort') && callback !== 'connectionLost')
              assert.equal(afterwards, ['connectionLost'], story);
            else assert.is(calls.filter((call) => call !== 'acts').at(-1), 'connectionLost', story);
            if (what === 'closes') assert.is(afterwards.includes('dataReceived'), false, story);
            const writing = calls.filter((call) => call.endsWith('Writing'));
            for (const [at, call] of writing.entries())
              assert.is(call, at % 2 === 0 ? 'pauseWriting' : 'resumeWriting', story);
            if (what !== 'throws')
              assert.equal(
                reports.map(({ message }) => message),
                [],
              );
          },
          REAL,
        );
  });
