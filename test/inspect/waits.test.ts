import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import type { WaitData } from '../../src/inspect/snapshot/data.ts';
import { type DriverName, socketpair } from '../../src/socket.ts';
import { DRIVERS, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { snapshotAtOneInstant } from './support/snapshot-at-one-instant.ts';

const REAL = { clock: 'real' } as const;

let made = 0;

/** What a task waits for that runs `body`, once it waits. */
async function waitsOf(body: () => Promise<unknown>): Promise<readonly WaitData[]> {
  made += 1;
  const wanted = `the task ${made}`;
  const task = asyncio.createTask(body, { name: wanted });
  await asyncio.sleep(0);
  await asyncio.sleep(0);
  await asyncio.sleep(0);
  const { loops } = await snapshotAtOneInstant();
  task.cancel();
  await asyncio.wait([task]);
  const found = loops.flatMap(({ tasks }) => tasks).find(({ name }) => name === wanted);
  return found?.waits ?? [];
}

/** In words, where the waiting function stands on the line after `at`. */
async function wordsOf(body: () => Promise<unknown>): Promise<string[]> {
  const waits = await waitsOf(body);
  for (const { stack } of waits)
    assert.match(stack[0]?.file ?? 'no stack', /waits\.test\.ts$/, 'it has the line');
  return waits.map(({ words }) => words.replace(/0x[0-9a-f]+/g, '0x1'));
}

loopBehaviour('The description of what a task waits for', (it) => {
  it('covers sleeps', async () => {
    assert.equal(await wordsOf(async () => await asyncio.sleep(4.2)), ['sleep, 4.2 s to go']);
    assert.equal(
      await wordsOf(async () => {
        for (;;) await asyncio.sleep(0);
      }),
      ['sleep, until the next turn'],
    );
  });

  it('covers locks, with the task that holds it and the place in the queue', async () => {
    const lock = new asyncio.Lock();
    await lock.acquire();
    const other = asyncio.createTask(async () => await lock.acquire());
    await asyncio.sleep(0);

    const [wait] = await waitsOf(async () => await lock.acquire());
    assert.match(
      String(wait?.words),
      /^Lock\.acquire on <.*Lock.* \[locked, waiters:2\]>, 1 before it$/,
    );
    assert.equal(wait?.for.length, 1);
    other.cancel();
    await asyncio.wait([other]);
    lock.release();
  });

  it('covers the other primitives', async () => {
    const never = new asyncio.Event();
    const full = new asyncio.Queue(1);
    const condition = new asyncio.Condition();
    const semaphore = new asyncio.Semaphore(0);
    const barrier = new asyncio.Barrier(2);
    const [sender, receiver] = asyncio.channel(0);
    await full.put(1);
    const cases: [string, () => Promise<unknown>][] = [
      [
        'Event.wait on <asyncio.locks.Event object at 0x1 [unset, waiters:1]>, 0 before it',
        async () => await never.wait(),
      ],
      [
        'Semaphore.acquire on <asyncio.locks.Semaphore object at 0x1 [locked, waiters:1]>, 0 before it',
        async () => await semaphore.acquire(),
      ],
      [
        'Queue.put on <Queue maxsize=1 _queue=[1] _putters[1] tasks=1>, 0 before it',
        async () => await full.put(2),
      ],
      [
        'Queue.get on <Queue maxsize=0 _getters[1]>, 0 before it',
        async () => await new asyncio.Queue().get(),
      ],
      [
        'Queue.join on <Queue maxsize=1 _queue=[1] tasks=1>, 0 before it',
        async () => await full.join(),
      ],
      [
        'Condition.wait on <asyncio.locks.Condition object at 0x1 [unlocked, waiters:1]>, 0 before it',
        async () => await condition.with(async () => await condition.wait()),
      ],
      [
        'Barrier.wait on <asyncio.locks.Barrier object at 0x1 [filling, waiters:1/2]>, 0 before it',
        async () => await barrier.wait(),
      ],
    ];
    for (const [expected, body] of cases) assert.equal(await wordsOf(body), [expected]);
    assert.match(
      String(await wordsOf(async () => await receiver.receive())),
      /^ChannelReceiver\.receive on <.*>, 0 before it$/,
    );
    assert.match(
      String(await wordsOf(async () => await sender.send(1))),
      /^ChannelSender\.send on <.*>, 0 before it$/,
    );
  });

  it(
    'covers tasks and futures',
    async () => {
      const never = new asyncio.Event();
      const other = asyncio.createTask(async () => await never.wait(), { name: 'other' });
      const future = asyncio.getRunningLoop().createFuture();
      assert.equal(await wordsOf(async () => await future), [
        '<Future pending cb=[Task.task_wakeup()]>',
      ]);
      assert.equal(await wordsOf(async () => await asyncio.shield(other)), ['shield on other']);
      const cases: [string, () => Promise<unknown>][] = [
        [
          'gather, 2 of 2 not done',
          async () => await asyncio.gather(asyncio.sleep(1), never.wait()),
        ],
        [
          'wait, 1 of 1 not done',
          async () => await asyncio.wait([asyncio.getRunningLoop().createFuture()]),
        ],
        [
          'taskGroup on <TaskGroup tasks=1 entered>',
          async () =>
            await asyncio.taskGroup(
              (group) => void group.createTask(async () => await never.wait()),
            ),
        ],
        [
          'asCompleted, 1 not done',
          async () => {
            for await (const _ of asyncio.asCompleted([asyncio.getRunningLoop().createFuture()]));
          },
        ],
        [
          "fromEvent, 'x' of EventTarget",
          async () => await asyncio.fromEvent(new EventTarget(), 'x'),
        ],
      ];
      for (const [expected, body] of cases) assert.equal(await wordsOf(body), [expected]);
      const [wait] = await waitsOf(async () => await other);
      assert.is(wait?.words, 'other');
      assert.is(wait?.for.length, 1);
      other.cancel();
      await asyncio.wait([other]);
    },
    REAL,
  );

  it(
    'covers tasks that get ready, limits and child processes',
    async () => {
      const never = new asyncio.Event();
      const child = await asyncio.createSubprocessExec('sleep', '60');
      const forever = async (): Promise<unknown> => await never.wait();
      const cases: [RegExp, () => Promise<unknown>][] = [
        [
          /^TaskGroup\.start on <TaskGroup /,
          async () => await asyncio.taskGroup(async (group) => await group.start(forever)),
        ],
        [/^Event\.wait on /, async () => await asyncio.waitFor(forever, 100)],
        [/^Event\.wait on /, async () => await asyncio.timeout(100, forever)],
        [/^Process\.wait on /, async () => await child.wait()],
        [
          /^a promise that asyncio-ts did not create$/,
          async () => await asyncio.wrapPromise(new Promise(() => {})),
        ],
      ];
      for (const [expected, body] of cases) {
        const [words = ''] = await wordsOf(body);
        assert.match(words, expected);
      }
      const limited = asyncio.createTask(
        async () => await asyncio.gather(forever, forever, { limit: 1 }),
      );
      await asyncio.sleep(0);
      await asyncio.sleep(0);
      const { loops } = await snapshotAtOneInstant();
      const words = loops.flatMap(({ tasks }) => tasks.flatMap(({ waits }) => waits));
      assert.ok(
        words.some((wait) => wait.words === 'limit, 1 at a time, 0 before it'),
        words.map((w) => w.words).join(),
      );
      limited.cancel();
      await asyncio.wait([limited]);
      child.kill();
      await child.wait();
    },
    REAL,
  );

  it('does not include foreign promises', async () => {
    let go = (): void => {};
    const promise = new Promise<void>((resolve) => {
      go = resolve;
    });
    assert.equal(
      await waitsOf(async () => {
        asyncio.getRunningLoop().callLater(1, go);
        await promise;
      }),
      [],
    );
  });

  it(
    'has a line for each branch',
    async () => {
      const never = new asyncio.Event();
      const waits = await waitsOf(async () => await Promise.all([asyncio.sleep(1), never.wait()]));
      assert.equal(
        waits.map(({ operation }) => operation),
        ['sleep', 'Event.wait'],
      );
    },
    REAL,
  );
});

for (const { name } of DRIVERS)
  loopBehaviour(`The description of what a task waits for (${name})`, (it) => {
    it(
      'covers socket operations',
      async (loop) => {
        const [one, two] = socketpair(undefined, undefined, undefined, {
          driver: name as DriverName,
        });
        one.setblocking(false);
        two.setblocking(false);
        const listener = stream(name);
        listener.bind(['127.0.0.1', 0]);
        listener.listen();
        const cases: [RegExp, () => Promise<unknown>][] = [
          [/^sockRecv on <.*Socket/i, async () => await loop.sockRecv(one, 10)],
          [/^sockRecvInto on </, async () => await loop.sockRecvInto(one, Buffer.alloc(1))],
          [/^sockRecvfrom on </, async () => await loop.sockRecvfrom(one, 1)],
          [/^sockAccept on </, async () => await loop.sockAccept(listener)],
          [
            /^sockSendall on <.*, \d+ of 30000000 bytes sent$/,
            async () => await loop.sockSendall(one, Buffer.alloc(30_000_000)),
          ],
        ];
        for (const [expected, body] of cases) {
          const [words = ''] = await wordsOf(body);
          assert.match(words, expected);
        }
        one.close();
        two.close();
        listener.close();
      },
      REAL,
    );

    it(
      'covers servers, and the ends of connections',
      async (loop) => {
        const listener = stream(name);
        listener.bind(['127.0.0.1', 0]);
        listener.listen();
        const never = new Promise<void>(() => {});
        const server = await asyncio.startServer(() => never, undefined, undefined, {
          sock: listener,
        });
        const sock = stream(name);
        await loop.sockConnect(sock, listener.getsockname());
        const [, writer] = await asyncio.openConnection(undefined, undefined, { sock });
        await asyncio.sleep(0.01);
        const cases: [RegExp, () => Promise<unknown>][] = [
          [/^StreamWriter\.waitClosed/, async () => await writer.waitClosed()],
          [/^Server\.waitClosed on <Server/, async () => await server.waitClosed()],
          [/^Server\.serveForever on <Server/, async () => await server.serveForever()],
        ];
        for (const [expected, body] of cases) {
          const [words = ''] = await wordsOf(body);
          assert.match(words, expected);
        }
        writer.transport.abort();
        server.close();
        server.closeClients();
        await asyncio.sleep(0.01);
      },
      REAL,
    );

    it(
      'covers streams and servers',
      async () => {
        const [one, two] = socketpair(undefined, undefined, undefined, {
          driver: name as DriverName,
        });
        const [reader, writer] = await asyncio.openConnection(undefined, undefined, { sock: one });
        const cases: [RegExp, () => Promise<unknown>][] = [
          [/^StreamReader\.readuntil on <StreamReader/, async () => await reader.readline()],
          [/^StreamReader\.readexactly on </, async () => await reader.readexactly(4)],
          [
            /^StreamWriter\.drain$/,
            async () => {
              writer.write(Buffer.alloc(30_000_000));
              await writer.drain();
            },
          ],
        ];
        for (const [expected, body] of cases) {
          const [words = ''] = await wordsOf(body);
          assert.match(words, expected);
        }
        writer.transport.abort();
        two.close();
      },
      REAL,
    );
  });
