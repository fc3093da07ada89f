import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import * as testing from '../../src/testing.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

/** What no function takes as its options, and how it prints. */
const REFUSED: readonly [unknown, string][] = [
  [5, '5'],
  [null, 'None'],
  ['x', "'x'"],
  [[], '[]'],
  [() => {}, 'function'],
];

const body = async (): Promise<void> => {};
const factory = (): asyncio.Protocol => new asyncio.Protocol();
const HOST = '127.0.0.1';

/** Every public function that takes an object of options; those that return promises come below. */
const DOORS: Record<string, (options: never, loop: asyncio.Loop) => unknown> = {
  sleep: (options) => asyncio.sleep(1, undefined, options),
  timeout: (options) => asyncio.timeout(1, body, options),
  timeoutAt: (options) => asyncio.timeoutAt(1, body, options),
  moveOnAfter: (options) => asyncio.moveOnAfter(1, body, options),
  shielded: (options) => asyncio.shielded(1, body, options),
  waitFor: (options) => asyncio.waitFor(body, 1, options),
  wait: (options, loop) => asyncio.wait([loop.createFuture()], options),
  asCompleted: (options) => asyncio.asCompleted([], options),
  createTask: (options) => asyncio.createTask(body, options),
  ensureFuture: (options, loop) => asyncio.ensureFuture(loop.createFuture(), options),
  'new Task': (options) => new asyncio.Task(body, options),
  'new Future': (options) => new asyncio.Future(options),
  'new Loop': (options) => new asyncio.Loop(options),
  'new Runner': (options) => new asyncio.Runner(options),
  'lock.acquire': (options) => new asyncio.Lock().acquire(options),
  'queue.get': (options) => new asyncio.Queue().get(options),
  'event.wait': (options) => new asyncio.Event().wait(options),
  openConnection: (options) => asyncio.openConnection(HOST, 1, options),
  startServer: (options) => asyncio.startServer(() => {}, HOST, 0, options),
  openServer: (options) => asyncio.openServer(HOST, 0, options),
  'loop.createTask': (options, loop) => loop.createTask(body, options),
  'loop.createConnection': (options, loop) => loop.createConnection(factory, HOST, 1, options),
  'loop.createServer': (options, loop) => loop.createServer(factory, HOST, 0, options),
  'loop.createDatagramEndpoint': (options, loop) =>
    loop.createDatagramEndpoint(() => new asyncio.DatagramProtocol(), options),
  'loop.getaddrinfo': (options, loop) => loop.getaddrinfo(HOST, 1, options),
};

const PROMISES: typeof DOORS = {
  enter: (options) => asyncio.enter(body, options),
  run: (options) => asyncio.run(body, options),
  runChecked: (options) => testing.runChecked(body, options),
  runVirtual: (options) => testing.runVirtual(body, options),
};

loopBehaviour('The options', (it) => {
  for (const [name, door] of Object.entries(DOORS))
    it(`of ${name} are refused where they are no object`, async (loop) => {
      for (const [value, printed] of REFUSED) {
        const error = throws(() => door(value as never, loop), TypeError);
        assert.match((error as Error).message, /^(an object of )?options .*, got /);
        assert.ok((error as Error).message.includes(printed), (error as Error).message);
      }
    });

  for (const [name, door] of Object.entries(PROMISES))
    it(`of ${name} are refused where they are no object`, async (loop) => {
      for (const [value] of REFUSED)
        await rejects(door(value as never, loop) as Promise<unknown>, TypeError, {
          message: /^options must be an object, got /,
        });
    });
});
