import * as assert from 'uvu/assert';
import {
  type Context,
  ContextVar,
  copyContext,
  enter,
  Future,
  Lock,
  type Loop,
  Protocol,
  Semaphore,
} from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a program without types may give
const wrong = (value: unknown): any => value;

loopBehaviour('A function argument', (it) => {
  it('is refused immediately if it is not a function', async () => {
    const lock = new Lock();
    const doors: Record<string, () => unknown> = {
      body: () => lock.with(wrong(5)),
      'callback of a future': () => new Future().addDoneCallback(wrong(5)),
      'callback of Context.run': () => copyContext().run(wrong(5)),
      'callback of Context.bind': () => copyContext().bind(wrong(5)),
      'body of a semaphore': () => new Semaphore(1).with(wrong(5)),
    };

    for (const [name, door] of Object.entries(doors)) {
      const [word] = name.split(' ');
      assert.throws(door, (error: unknown) => {
        assert.instance(error, TypeError);
        assert.is((error as Error).message, `${word} must be a function, got 5`, name);
        return true;
      });
    }
    assert.not(lock.locked());
  });
});

loopBehaviour('A protocol factory', (it) => {
  class Talk extends Protocol {}
  const openers: Record<string, (loop: Loop, factory: never) => PromiseLike<unknown>> = {
    createServer: (loop, factory) => loop.createServer(factory, '127.0.0.1', 0),
    createUnixServer: (loop, factory) => loop.createUnixServer(factory, '/nowhere/x'),
    createConnection: (loop, factory) => loop.createConnection(factory, 'no.such.host', 1),
    createUnixConnection: (loop, factory) => loop.createUnixConnection(factory, '/nowhere/x'),
    connectAcceptedSocket: (loop, factory) => loop.connectAcceptedSocket(factory, wrong(5)),
    createDatagramEndpoint: (loop, factory) => loop.createDatagramEndpoint(factory, {}),
    connectReadPipe: (loop, factory) => loop.connectReadPipe(factory, wrong('no pipe')),
    connectWritePipe: (loop, factory) => loop.connectWritePipe(factory, wrong('no pipe')),
    subprocessExec: (loop, factory) => loop.subprocessExec(factory, 'no such program'),
    subprocessShell: (loop, factory) => loop.subprocessShell(factory, 'exit 1'),
  };
  for (const [name, open] of Object.entries(openers))
    it(`is refused before anything is opened if it is a class or a protocol: ${name}`, async (loop) => {
      await rejects(open(loop, Talk as never), TypeError, {
        message: 'protocolFactory must be a function, got a class: use () => new Talk()',
      });
      await rejects(open(loop, new Talk() as never), TypeError, {
        message: /^protocolFactory must be a function, got Talk/,
      });
    });
});

loopBehaviour('A context argument', (it) => {
  it('is refused immediately if it is not a context, and no task is created', async (loop) => {
    const context: Context = wrong({});
    const message = 'context must be a Context, got {}';

    assert.throws(() => loop.createTask(async () => {}, { context }), message);
    await rejects(
      enter(async () => {}, { context }),
      TypeError,
      { message },
    );
    assert.is(loop._tasks.size, 1);
  });
});

behaviour('ContextVar', (it) => {
  it('refuses a name that is not a string, and a default that is not an option', () => {
    assert.throws(() => new ContextVar(wrong(undefined)), /name must be a str, got None/);
    assert.throws(() => new ContextVar('name', wrong(5)), /options must be an object.*, got 5/);
  });
});
