import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  asyncgen,
  Barrier,
  Condition,
  ContextVar,
  copyContext,
  createTask,
  currentTask,
  Event,
  gather,
  Lock,
  type Loop,
  openConnection,
  Queue,
  Semaphore,
  shield,
  sleep,
  startServer,
  type Task,
  taskGroup,
  timeout,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';

const makes: Record<string, (loop: Loop) => object> = {
  loop: (loop) => loop,
  task: () => currentTask() as Task<unknown>,
  future: (loop) => loop.createFuture(),
  sleep: () => sleep(1),
  gather: () => gather(sleep(1), sleep(1)),
  shield: () => shield(sleep(0)),
  callLater: (loop) => loop.callLater(1, () => {}),
  callSoon: (loop) => loop.callSoon(() => {}),
  Lock: () => new Lock(),
  Event: () => new Event(),
  Semaphore: () => new Semaphore(2),
  Condition: () => new Condition(),
  Barrier: () => new Barrier(2),
  Queue: () => new Queue(),
  'a call': () => new Lock().acquire(),
  'a context': () => copyContext(),
  'a variable': () => new ContextVar('name'),
  'an async generator': () => asyncgen(async function* () {})(),
};

loopBehaviour('JSON.stringify()', (it) => {
  for (const [name, make] of Object.entries(makes))
    it(`shows the text of what waits, belongs to a loop or is printed as text: ${name}`, async (loop) => {
      const object = make(loop);
      assert.is(JSON.stringify({ object }), JSON.stringify({ object: inspect(object) }));
      assert.not('toJSON' in { ...object });
      if ('close' in object && object !== loop) await (object as { close(): unknown }).close();
      await sleep(0);
    });

  it('shows the text of primitives in use, of groups and of limits', async () => {
    const queue = new Queue<number>();
    const event = new Event();
    const waiters = [createTask(queue.get()), createTask(event.wait())];
    await sleep(0);

    assert.is(JSON.stringify([queue, event]), JSON.stringify([String(queue), String(event)]));
    await taskGroup(async (group) => {
      assert.is(JSON.stringify({ group }), JSON.stringify({ group: String(group) }));
    });
    await timeout(1, async (limit) => {
      assert.is(JSON.stringify({ limit }), JSON.stringify({ limit: String(limit) }));
    });

    for (const waiter of waiters) waiter.cancel();
  });

  it('shows the text of servers, streams and transports', async () => {
    const server = await startServer((_, writer) => writer.close(), '127.0.0.1', 0);
    const { port } = server;
    const [reader, writer] = await openConnection('127.0.0.1', port);
    const all = { server, reader, writer, transport: writer.transport, socket: server.sockets[0] };

    for (const [name, object] of Object.entries(all))
      assert.is(JSON.stringify({ object }), JSON.stringify({ object: String(object) }), name);
    assert.is(JSON.stringify(writer.getExtraInfo('peername')), `["127.0.0.1",${port}]`);

    writer.close();
    server.close();
    await server.waitClosed();
  });

  it('leaves a subclass its own form', async () => {
    class Job extends Event {
      toJSON(): object {
        return { job: 1 };
      }
    }
    assert.is(JSON.stringify(new Job()), '{"job":1}');
  });
});
