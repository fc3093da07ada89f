import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { runSeeds } from '../../src/simulation/run-seeds.ts';
import { World } from '../../src/simulation/world.ts';
import * as socket from '../../src/socket.ts';
import * as testing from '../../src/testing.ts';
import { declaredOptions } from '../support/declared-options.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

/** What no function takes as its options, and how it prints. */
const REFUSED: readonly [unknown, string][] = [
  [5, '5'],
  [null, 'None'],
  ['x', "'x'"],
  [[], '[]'],
  [() => {}, 'function'],
  [new AbortController().signal, 'AbortSignal'],
  [new Map([[1, 2]]), '{1: 2}'],
];

const body = async (): Promise<void> => {};
const factory = (): asyncio.Protocol => new asyncio.Protocol();
const datagrams = (): asyncio.DatagramProtocol => new asyncio.DatagramProtocol();
const children = (): asyncio.SubprocessProtocol => new asyncio.SubprocessProtocol();
const pipe = { fd: 0 } as never;
const file = { fd: 0 } as never;
const HOST = '127.0.0.1';
const sender = (): asyncio.ChannelSender<number> => asyncio.channel<number>(1)[0];
const receiver = (): asyncio.ChannelReceiver<number> => asyncio.channel<number>(1)[1];

type Door = (options: never, loop: asyncio.Loop) => unknown;

/** Calls that take options and call no other function of the package first. */
const DOORS: Record<string, Door> = {
  'new ContextVar': (options) => new asyncio.ContextVar('name', options),
  'new Future': (options) => new asyncio.Future(options),
  'Future.addDoneCallback': (options, loop) => loop.createFuture().addDoneCallback(body, options),
  'new Task': (options) => new asyncio.Task(body, options),
  'Task.getStack': (options) => asyncio.currentTask()?.getStack(options),
  'Task.printStack': (options) => asyncio.currentTask()?.printStack(options),
  createTask: (options) => asyncio.createTask(body, options),
  ensureFuture: (options, loop) => asyncio.ensureFuture(loop.createFuture(), options),
  wrapPromise: (options) => asyncio.wrapPromise(Promise.resolve(), options),
  'ThreadPoolExecutor.shutdown': (options) => new asyncio.ThreadPoolExecutor(1).shutdown(options),
  'Server.shutdown': (options) => asyncio.Server.prototype.shutdown(options),
  'new Loop': (options) => new asyncio.Loop(options),
  'Loop.createTask': (options, loop) => loop.createTask(body, options),
  'Loop.sockSendfile': (options, loop) =>
    loop.sockSendfile(socket.socket(), file, 0, undefined, options),
  'Loop.createConnection': (options, loop) => loop.createConnection(factory, HOST, 1, options),
  'Loop.connectAcceptedSocket': (options, loop) =>
    loop.connectAcceptedSocket(factory, socket.socket(), options),
  'Loop.createServer': (options, loop) => loop.createServer(factory, HOST, 0, options),
  'Loop.createUnixConnection': (options, loop) => loop.createUnixConnection(factory, '/x', options),
  'Loop.createUnixServer': (options, loop) => loop.createUnixServer(factory, '/x', options),
  'Loop.sendfile': (options, loop) => loop.sendfile({} as never, file, 0, undefined, options),
  'Loop.startTls': (options, loop) => loop.startTls({} as never, factory(), {}, options),
  'Loop.createDatagramEndpoint': (options, loop) => loop.createDatagramEndpoint(datagrams, options),
  'Loop.connectReadPipe': (options, loop) => loop.connectReadPipe(factory, pipe, options),
  'Loop.connectWritePipe': (options, loop) => loop.connectWritePipe(factory, pipe, options),
  'Loop.subprocessShell': (options, loop) => loop.subprocessShell(children, 'true', options),
  'Loop.getaddrinfo': (options, loop) => loop.getaddrinfo(HOST, 1, options),
  'new StreamReader': (options) => new asyncio.StreamReader(options),
  'StreamWriter.startTls': (options, loop) =>
    new asyncio.StreamWriter({} as never, {} as never, undefined, loop).startTls({}, options),
  enter: (options) => asyncio.enter(body, options),
  'new Runner': (options) => new asyncio.Runner(options),
  'Runner.run': (options) => new asyncio.Runner().run(body, options),
  run: (options) => asyncio.run(body, options),
  openConnection: (options) => asyncio.openConnection(HOST, 1, options),
  openUnixConnection: (options) => asyncio.openUnixConnection('/x', options),
  'new StreamReaderProtocol': (options) =>
    new asyncio.StreamReaderProtocol(new asyncio.StreamReader(), undefined, options),
  openServer: (options) => asyncio.openServer(HOST, 0, options),
  openUnixServer: (options) => asyncio.openUnixServer('/x', options),
  startServer: (options) => asyncio.startServer(() => {}, HOST, 0, options),
  startUnixServer: (options) => asyncio.startUnixServer(() => {}, '/x', options),
  createSubprocessShell: (options) => asyncio.createSubprocessShell('true', options),
  'Barrier.wait': (options) => new asyncio.Barrier(2).wait(options),
  'Holdable.acquire': (options) => new asyncio.Condition(new asyncio.Lock()).acquire(options),
  'Holdable.with': (options) => new asyncio.Lock().with(body, options),
  'Holdable.hold': (options) => new asyncio.Lock().hold(options),
  'Lock.acquire': (options) => new asyncio.Lock().acquire(options),
  'Condition.acquire': (options) => new asyncio.Condition().acquire(options),
  'Condition.wait': (options) => new asyncio.Condition().wait(options),
  'Condition.waitFor': (options) => new asyncio.Condition().waitFor(() => true, options),
  'Event.wait': (options) => new asyncio.Event().wait(options),
  'ChannelSender.send': (options) => sender().send(1, options),
  'ChannelReceiver.receive': (options) => receiver().receive(options),
  'Queue.put': (options) => new asyncio.Queue().put(1, options),
  'Queue.get': (options) => new asyncio.Queue().get(options),
  'Queue.join': (options) => new asyncio.Queue().join(options),
  'Queue.shutdown': (options) => new asyncio.Queue().shutdown(options),
  'Semaphore.acquire': (options) => new asyncio.Semaphore().acquire(options),
  captureCallGraph: (options) => asyncio.captureCallGraph(undefined, options),
  formatCallGraph: (options) => asyncio.formatCallGraph(undefined, options),
  printCallGraph: (options) => asyncio.printCallGraph(undefined, options),
  fromEvent: (options) => asyncio.fromEvent(process, 'never', options),
  asCompleted: (options) => asyncio.asCompleted([], options),
  'new TaskGroup': (options) => new asyncio.TaskGroup(options),
  'TaskGroup.createTask': (options) => inGroup((group) => group.createTask(body, options)),
  'TaskGroup.start': (options) => inGroup((group) => group.start(body, options)),
  taskGroup: (options) => asyncio.taskGroup(body, options),
  wait: (options, loop) => asyncio.wait([loop.createFuture()], options),
  'new Timeout': (options) => new asyncio.Timeout(1, options),
  timeout: (options) => asyncio.timeout(1, body, options),
  timeoutAt: (options) => asyncio.timeoutAt(1, body, options),
  moveOnAfter: (options) => asyncio.moveOnAfter(1, body, options),
  shielded: (options) => asyncio.shielded(1, body, options),
  waitFor: (options) => asyncio.waitFor(body, 1, options),
  sleep: (options) => asyncio.sleep(1, undefined, options),
  'socket.createConnection': (options) => socket.createConnection([HOST, 1], options),
  'socket.fromfd': (options) => socket.fromfd(0, -1, -1, -1, options),
  'socket.getaddrinfo': (options) => socket.getaddrinfo(HOST, 1, options),
  'socket.createServer': (options) => socket.createServer([HOST, 0], options),
  'socket.socket': (options) => socket.socket(-1, -1, -1, options),
  'socket.socketpair': (options) => socket.socketpair(1, 1, 0, options),
  'testing.World.host': (options) => World.prototype.host.call({} as World, 'a', body, options),
  'testing.World.partition': (options) =>
    World.prototype.partition.call({} as World, 'a', 'b', options),
  'testing.World.link': (options) => World.prototype.link.call({} as World, 'a', 'b', options),
  'testing.simulate': (options) => runSeeds(body, options),
  'testing.runChecked': (options) => testing.runChecked(body, options),
  'testing.runVirtual': (options) => testing.runVirtual(body, options),
};

/** Calls whose last argument is an object of options, if it is an object. */
const LAST: Record<string, Door> = {
  gather: (options) => asyncio.gather(body, options),
  createSubprocessExec: (options) => asyncio.createSubprocessExec('true', options),
};

/** Not checked: JavaScript's own options of errors, and what only the package calls. */
const OTHERS = ['new ExceptionGroup', 'new BaseExceptionGroup', 'new Operation'];

/** Options that are for tests of the package. */
const HIDDEN: Record<string, string[]> = { 'new Loop': ['host'] };

/** Throws the error of the group's body alone. */
const inGroup = (act: (group: asyncio.TaskGroup) => unknown): PromiseLike<unknown> =>
  asyncio
    .taskGroup(async (group) => await act(group))
    .catch((error) => {
      throw (error as asyncio.ExceptionGroup).exceptions[0];
    });

const outcome = async (door: Door, options: unknown, loop: asyncio.Loop): Promise<unknown> =>
  await door(options as never, loop);

loopBehaviour('The options', (it) => {
  const declared = declaredOptions();

  it('are tested for every public function that accepts any', async () => {
    const tested = [...Object.keys(DOORS), ...Object.keys(LAST), ...OTHERS];
    assert.equal(tested.sort(), [...declared.keys()].sort());
  });

  for (const [name, door] of Object.entries(DOORS))
    it(`of ${name} are refused if they are not an object`, async (loop) => {
      for (const [value, printed] of REFUSED) {
        const error = await rejects(outcome(door, value, loop), TypeError, {
          message: /^options must be an object, got /,
        });
        assert.ok((error as Error).message.includes(printed), (error as Error).message);
      }
    });

  for (const [name, door] of Object.entries({ ...DOORS, ...LAST }))
    it(`of ${name} are refused if there is no option with that name`, async (loop) => {
      for (const value of [1, undefined]) {
        const error = await rejects(outcome(door, { nmae: value }, loop), TypeError, {
          message: /^unexpected option 'nmae', expected /,
        });

        const [, listed = ''] = (error as Error).message.split(', expected ');
        const expected = [...(declared.get(name) ?? []), ...(HIDDEN[name] ?? [])];
        assert.equal(listed.split(', ').sort(), expected.sort());
      }
    });
});
