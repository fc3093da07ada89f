import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  Event,
  LifoQueue,
  newEventLoop,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  RuntimeError,
  sleep,
  type Task,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const FILE = 'test_queues.py::';

/** Gets so many items, one after another. */
async function getAll<T>(queue: Queue<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  for (let n = 0; n < count; n += 1) items.push(await queue.get());
  return items;
}

loopBehaviour('Queue', (it) => {
  it(
    'prints its items, and the number of waiters',
    async () => {
      const getting = new Queue<number>();
      const getter = createTask(getting.get());
      await sleep(0);
      assert.is(String(getting), '<Queue maxsize=0 _getters[1]>');
      getting.putNowait(0);
      assert.is(await getter, 0);

      const putting = new Queue<number>(1);
      putting.putNowait(1);
      const putter = createTask(putting.put(2));
      await sleep(0);
      assert.is(String(putting), '<Queue maxsize=1 _queue=[1] _putters[1] tasks=1>');
      putting.getNowait();
      await putter;

      assert.is(String(putting), '<Queue maxsize=1 _queue=[2] tasks=2>');
      assert.is(String(new LifoQueue(1.3)), '<LifoQueue maxsize=1.3>');
    },
    {
      cpython: [
        `${FILE}QueueBasicTests::test_str`,
        `${FILE}QueueBasicTests::test_repr`,
        `${FILE}_QueueJoinTestMixin::test_format`,
      ],
    },
  );

  it(
    'is empty until something is put, and when everything was taken',
    async () => {
      const queue = new Queue<number>();
      assert.ok(queue.empty());
      await queue.put(1);
      assert.not(queue.empty());
      assert.is(queue.qsize(), 1);

      assert.is(await queue.get(), 1);

      assert.ok(queue.empty());
    },
    { cpython: [`${FILE}QueueBasicTests::test_empty`] },
  );

  it(
    'is full when there is no room, and never if its size is unlimited',
    async () => {
      assert.not(new Queue().full());
      assert.not(new Queue(-1).full());
      const queue = new Queue<number>(1);

      await queue.put(1);

      assert.ok(queue.full());
    },
    { cpython: [`${FILE}QueueBasicTests::test_full`] },
  );

  it(
    'returns first what was put first',
    async () => {
      const queue = new Queue<number>();
      for (const item of [1, 3, 2]) await queue.put(item);

      assert.equal(await getAll(queue, 3), [1, 3, 2]);
    },
    { cpython: [`${FILE}QueueBasicTests::test_order`] },
  );

  it(
    'makes put() wait while there is no room',
    async () => {
      const queue = new Queue<number>(2);
      assert.is(queue.maxsize, 2);
      const put: number[] = [];
      const task = createTask(async () => {
        for (let n = 0; n < 3; n += 1) {
          await queue.put(n);
          put.push(n);
        }
      });
      await sleep(0);
      await sleep(0);
      assert.equal(put, [0, 1]);

      assert.is(await queue.get(), 0);
      await sleep(0);

      assert.equal(put, [0, 1, 2]);
      assert.equal(await getAll(queue, 2), [1, 2]);
      assert.ok(task.done());
    },
    { cpython: [`${FILE}QueueBasicTests::test_maxsize`] },
  );

  it(
    'rounds a fractional size up',
    async () => {
      const queue = new Queue<number>(1.3);

      queue.putNowait(1);
      await queue.put(2);

      assert.ok(queue.full());
      throws(() => queue.putNowait(3), QueueFull);
    },
    { cpython: [`${FILE}QueuePutTests::test_float_maxsize`] },
  );

  it.resting('refuses a size that is not a number', () => {
    throws(() => new Queue('1' as never), TypeError, {
      message: "maxsize must be a number, got '1'",
    });
    throws(() => new Queue(Number.NaN), RangeError, {
      message: 'maxsize must be a number, got nan',
    });
  });

  it(
    'lets a producer and a consumer alternate',
    async () => {
      const queue = new Queue<number>(1);
      const producer = createTask(async () => {
        for (let n = 0; n < 5; n += 1) await queue.put(n);
      });

      const items = await createTask(() => getAll(queue, 5));

      assert.equal(items, [0, 1, 2, 3, 4]);
      assert.ok(producer.done());
    },
    { cpython: [`${FILE}QueueGetTests::test_why_are_getters_waiting`] },
  );

  it(
    'lets all waiting put() calls continue once everything was taken',
    async () => {
      const queue = new Queue<number>(2);
      const getter = createTask(async () => {
        await sleep(0);
        for (let n = queue.qsize(); n > 0; n -= 1) queue.getNowait();
      });
      const putters = [0, 1, 2, 3].map((item) => createTask(queue.put(item)));

      for (const task of [getter, ...putters]) await task;

      assert.equal(await getAll(queue, 2), [2, 3]);
    },
    { cpython: [`${FILE}QueuePutTests::test_why_are_putters_waiting`] },
  );

  it.resting('belongs to the loop on which a task first waited', async (loop) => {
    const queue = new Queue<number>();
    await loop.runUntilComplete(async () => {
      const task = createTask(queue.get());
      await sleep(0);
      queue.putNowait(1);
      await task;
    });
    const other = newEventLoop();

    try {
      await rejects(other.runUntilComplete(queue.get()), RuntimeError, {
        message: '<Queue maxsize=0 tasks=1> is bound to a different event loop',
      });
    } finally {
      other.close();
    }
  });
});

loopBehaviour('Queue.get', (it) => {
  it(
    'takes no turn if there is an item',
    async (loop) => {
      const queue = new Queue<number>();
      queue.putNowait(1);
      let turned = false;
      loop.callSoon(() => {
        turned = true;
      });

      assert.is(await queue.get(), 1);

      assert.not(turned);
      await sleep(0);
    },
    { cpython: [`${FILE}QueueGetTests::test_blocking_get`] },
  );

  it('takes nothing before it is awaited', async () => {
    const queue = new Queue<number>();
    queue.putNowait(1);

    const call = queue.get();

    assert.is(queue.qsize(), 1);
    assert.is(await call, 1);
  });

  it(
    'wakes a waiting put()',
    async () => {
      const queue = new Queue<number>(1);
      await queue.put(1);
      const putter = createTask(queue.put(2));
      await sleep(0);

      assert.is(await queue.get(), 1);

      assert.is(String(queue), '<Queue maxsize=1 tasks=1>');
      await putter;
    },
    { cpython: [`${FILE}QueueGetTests::test_get_with_putters`] },
  );

  it(
    'waits for an item',
    async (loop) => {
      const queue = new Queue<number>();
      const started = new Event();
      let finished = false;
      const task = createTask(async () => {
        started.set();
        const item = await queue.get();
        finished = true;
        return item;
      });
      await started.wait();
      assert.not(finished);

      loop.callLater(0.01, () => queue.putNowait(1));

      assert.is(await task, 1);
      assert.ok(finished);
    },
    { cpython: [`${FILE}QueueGetTests::test_blocking_get_wait`] },
  );

  it(
    'leaves the item to the next task when it was cancelled before',
    async () => {
      const queue = new Queue<string>();
      const [t1, t2] = [createTask(queue.get()), createTask(queue.get())];
      await sleep(0);
      t1.cancel();
      await sleep(0);
      assert.ok(t1.done());

      await queue.put('a');
      await sleep(0);

      assert.is(await t2, 'a');
    },
    { cpython: [`${FILE}QueueGetTests::test_get_cancelled_race`] },
  );

  it(
    'finds the items of earlier put() calls',
    async () => {
      const queue = new Queue<string>(1);
      const putters = [createTask(queue.put('a')), createTask(queue.put('b'))];

      assert.equal(await getAll(queue, 2), ['a', 'b']);

      for (const putter of putters) await putter;
    },
    { cpython: [`${FILE}QueueGetTests::test_get_with_waiting_putters`] },
  );

  it(
    'keeps no place in the queue when the waiting task is cancelled',
    async (loop) => {
      const queue = new Queue(5);
      const task = createTask(queue.get());

      loop.callLater(0.1, () => task.cancel());
      await rejects(task, CancelledError);

      assert.is(String(queue), '<Queue maxsize=5>');
    },
    { cpython: [`${FILE}QueueGetTests::test_cancelled_getters_not_being_held_in_self_getters`] },
  );

  it(
    'takes nothing when it is cancelled between the put and its turn',
    async () => {
      const queue = new Queue<number>();
      const reader = createTask(queue.get());
      await sleep(0);
      queue.putNowait(1);
      queue.putNowait(2);

      reader.cancel();
      await rejects(reader, CancelledError);

      assert.equal(await getAll(queue, 2), [1, 2]);
    },
    { cpython: [`${FILE}QueuePutTests::test_get_cancel_drop_one_pending_reader`] },
  );

  it(
    'passes its turn on if it is cancelled between the put and its turn',
    async () => {
      const queue = new Queue<number>();
      const readers = [1, 2, 3].map(() => createTask(queue.get()));
      const [reader1, reader2, reader3] = readers as [Task<number>, Task<number>, Task<number>];
      await sleep(0);
      queue.putNowait(1);
      queue.putNowait(2);

      reader1.cancel();
      await rejects(reader1, CancelledError);
      await reader3;

      assert.equal([reader2.result(), reader3.result()], [1, 2]);
    },
    { cpython: [`${FILE}QueuePutTests::test_get_cancel_drop_many_pending_readers`] },
  );

  it('waits again if another task was quicker', async () => {
    const queue = new Queue<string>();
    const [first, second] = [createTask(queue.get()), createTask(queue.get())];
    await sleep(0);

    queue.putNowait('a');
    assert.is(queue.getNowait(), 'a');
    await sleep(0);
    assert.is(String(queue), '<Queue maxsize=0 _getters[2] tasks=1>');
    queue.putNowait('b');
    queue.putNowait('c');

    assert.is(await first, 'c');
    assert.is(await second, 'b');
  });

  it('returns what a promise resolves to that was put', async () => {
    const queue = new Queue<unknown>();
    queue.putNowait(Promise.resolve(1));
    queue.putNowait(Promise.resolve(2));

    assert.is(await queue.get(), 1);
    assert.instance(queue.getNowait(), Promise);
  });
});

loopBehaviour('Queue.getNowait', (it) => {
  it.resting(
    'returns an item without a running loop',
    () => {
      const queue = new Queue<number>();
      queue.putNowait(1);

      assert.is(queue.getNowait(), 1);
    },
    {
      cpython: [
        `${FILE}QueueGetTests::test_nonblocking_get`,
        `${FILE}QueuePutTests::test_nonblocking_put`,
      ],
    },
  );

  it.resting(
    'refuses if there is no item',
    () => {
      throws(() => new Queue().getNowait(), QueueEmpty, { message: '' });
    },
    { cpython: [`${FILE}QueueGetTests::test_nonblocking_get_exception`] },
  );
});

loopBehaviour('Queue.put', (it) => {
  it(
    'takes no turn if there is room',
    async (loop) => {
      const queue = new Queue<number>();
      let turned = false;
      loop.callSoon(() => {
        turned = true;
      });

      await queue.put(1);

      assert.not(turned);
      assert.is(await queue.get(), 1);
      await sleep(0);
    },
    { cpython: [`${FILE}QueuePutTests::test_blocking_put`] },
  );

  it('puts nothing before it is awaited', async () => {
    const queue = new Queue<number>();

    const call = queue.put(1);

    assert.ok(queue.empty());
    await call;
    assert.is(queue.qsize(), 1);
  });

  it(
    'waits for room',
    async (loop) => {
      const queue = new Queue<number>(1);
      const started = new Event();
      let finished = false;
      loop.callLater(0.01, () => queue.getNowait());
      const task = createTask(async () => {
        started.set();
        await queue.put(1);
        await queue.put(2);
        finished = true;
      });
      await started.wait();
      assert.not(finished);

      await task;

      assert.ok(finished);
    },
    { cpython: [`${FILE}QueuePutTests::test_blocking_put_wait`] },
  );

  it(
    'puts nothing when it is cancelled between the get and its turn',
    async () => {
      const queue = new Queue<number>(1);
      queue.putNowait(1);
      const writer = createTask(queue.put(2));
      await sleep(0);
      assert.is(queue.getNowait(), 1);

      writer.cancel();
      await rejects(writer, CancelledError);
      await queue.put(2);

      assert.is(queue.getNowait(), 2);
      assert.is(queue.qsize(), 0);
    },
    { cpython: [`${FILE}QueuePutTests::test_put_cancel_drop`] },
  );

  it(
    'is done when the item was taken before its task continued',
    async () => {
      const queue = new Queue<number>();
      const task = createTask(async () => {
        await queue.put(1);
        return true;
      });

      assert.is(await queue.get(), 1);

      assert.ok(task.done());
      assert.ok(task.result());
    },
    { cpython: [`${FILE}QueuePutTests::test_put_cancelled`] },
  );

  it(
    'leaves the room to others when it is cancelled',
    async () => {
      const queue = new Queue<string>(1);
      const [a, b, c] = [queue.put('a'), queue.put('b'), queue.put('X')].map((put) =>
        createTask(put),
      ) as [Task<void>, Task<void>, Task<void>];
      await sleep(0);
      assert.ok(a.done());
      assert.not(b.done());

      c.cancel();
      await sleep(0);
      assert.ok(c.done());
      assert.is(queue.getNowait(), 'a');
      await sleep(0);

      assert.is(queue.getNowait(), 'b');
      await b;
    },
    { cpython: [`${FILE}QueuePutTests::test_put_cancelled_race`] },
  );

  it('passes its room on when it is cancelled between the get and its turn', async () => {
    const queue = new Queue<string>(1);
    queue.putNowait('item');
    const [a, b] = [createTask(queue.put('a')), createTask(queue.put('b'))];
    await sleep(0);

    queue.getNowait();
    a.cancel();
    await b;

    assert.equal([a.cancelled(), queue.getNowait()], [true, 'b']);
  });

  it(
    'wakes a waiting get()',
    async () => {
      const queue = new Queue<string>();
      const task = createTask(queue.get());
      await sleep(0);

      await queue.put('a');

      assert.is(await task, 'a');
    },
    { cpython: [`${FILE}QueuePutTests::test_put_with_waiting_getters`] },
  );

  it(
    'keeps no place in the queue when the waiting task is cancelled',
    async () => {
      const queue = new Queue<number>(1);
      queue.putNowait(1);
      const task = createTask(queue.put(1));
      await sleep(0);
      assert.match(String(queue), / _putters\[1\] /);

      task.cancel();
      await rejects(task, CancelledError);

      assert.is(String(queue), '<Queue maxsize=1 _queue=[1] tasks=1>');
    },
    { cpython: [`${FILE}QueuePutTests::test_cancelled_puts_not_being_held_in_self_putters`] },
  );

  it(
    'throws a cancel that comes when it has left the queue of waiters',
    async () => {
      const queue = new Queue<number>(1);
      queue.putNowait(1);
      const task = createTask(queue.put(1));
      await sleep(0);
      queue.getNowait();

      task.cancel();

      await rejects(task, CancelledError);
      assert.is(String(queue), '<Queue maxsize=1 tasks=1>');
    },
    { cpython: [`${FILE}QueuePutTests::test_cancelled_put_silence_value_error_exception`] },
  );
});

loopBehaviour('Queue.putNowait', (it) => {
  it.resting(
    'refuses if there is no room',
    () => {
      const queue = new Queue<number>(1);
      queue.putNowait(1);

      throws(() => queue.putNowait(2), QueueFull, { message: '' });
      assert.is(queue.qsize(), 1);
    },
    { cpython: [`${FILE}QueuePutTests::test_nonblocking_put_exception`] },
  );
});

loopBehaviour('LifoQueue', (it) => {
  it(
    'returns first what was put last',
    async () => {
      const queue = new LifoQueue<number>();
      for (const item of [1, 3, 2]) await queue.put(item);

      assert.equal(await getAll(queue, 3), [2, 3, 1]);
    },
    { cpython: [`${FILE}LifoQueueTests::test_order`] },
  );
});

loopBehaviour('PriorityQueue', (it) => {
  it(
    'returns first what is lowest',
    async () => {
      const queue = new PriorityQueue<number>();
      for (const item of [1, 3, 2]) await queue.put(item);

      assert.equal(await getAll(queue, 3), [1, 2, 3]);
    },
    { cpython: [`${FILE}PriorityQueueTests::test_order`] },
  );

  it('compares arrays item by item', async () => {
    const queue = new PriorityQueue<[number, string]>();
    for (const item of [
      [10, 'c'],
      [9, 'b'],
      [9, 'a'],
    ] as const)
      queue.putNowait([...item]);

    const names = (await getAll(queue, 3)).map(([, name]) => name);

    assert.equal(names, ['a', 'b', 'c']);
  });

  it('refuses what it cannot compare, and wakes no task for it', async () => {
    const queue = new PriorityQueue<unknown>();
    queue.putNowait(1);

    await rejects(queue.put('1'), TypeError, {
      message: "'<' not supported between instances of 'string' and 'number'",
    });

    assert.is(String(queue), '<PriorityQueue maxsize=0 _queue=[1] tasks=1>');
  });

  it('throws in a waiting put() if it cannot compare the item', async () => {
    const queue = new PriorityQueue<unknown>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    const task = createTask(queue.put('1'));
    await sleep(0);

    queue.getNowait();

    await rejects(task, TypeError);
  });
});

for (const QueueClass of [Queue, LifoQueue, PriorityQueue]) {
  const { name } = QueueClass;

  loopBehaviour(`${name}.join`, (it) => {
    it.resting(
      'refuses more calls of taskDone() than items',
      () => {
        throws(() => new QueueClass().taskDone(), RangeError, {
          message: 'task_done() called too many times',
        });
      },
      { cpython: [`${FILE}_QueueJoinTestMixin::test_task_done_underflow`] },
    );

    it(
      'waits until the work on all items is done',
      async () => {
        const queue = new QueueClass<number>();
        for (let item = 0; item < 100; item += 1) queue.putNowait(item);
        let sum = 0;
        let running = true;
        const workers = [1, 2].map(() =>
          createTask(async () => {
            while (running) {
              sum += await queue.get();
              queue.taskDone();
            }
          }),
        );

        await queue.join();
        assert.is(sum, 4950);

        running = false;
        for (const _worker of workers) queue.putNowait(0);
        for (const worker of workers) await worker;
      },
      { cpython: [`${FILE}_QueueJoinTestMixin::test_task_done`] },
    );

    it(
      'does not wait if nothing was put',
      async () => {
        const queue = new QueueClass();

        await queue.join();
        await queue.join();
      },
      { cpython: [`${FILE}_QueueJoinTestMixin::test_join_empty_queue`] },
    );

    it('waits again for later items', async () => {
      const queue = new QueueClass<number>();
      queue.putNowait(1);
      const first = createTask(queue.join());
      await sleep(0);
      queue.taskDone();
      queue.putNowait(2);
      const second = createTask(queue.join());

      await first;
      await sleep(0);

      assert.not(second.done());
      queue.taskDone();
      await second;
    });

    it('can be cancelled', async () => {
      const queue = new QueueClass<number>();
      queue.putNowait(1);
      const task = createTask(queue.join());
      await sleep(0);

      task.cancel();

      await rejects(task, CancelledError);
    });
  });

  loopBehaviour(`${name}.shutdown`, (it) => {
    /** Puts and gets are refused, waiting or not. */
    async function refusesAll(queue: Queue<string>): Promise<void> {
      await rejects(queue.put('data'), QueueShutDown, { message: '' });
      throws(() => queue.putNowait('data'), QueueShutDown);
      await rejects(queue.get(), QueueShutDown);
      throws(() => queue.getNowait(), QueueShutDown);
    }

    it.resting(
      'is shown when the queue is printed',
      () => {
        const queue = new QueueClass();

        queue.shutdown();

        assert.is(String(queue), `<${name} maxsize=0 shutdown>`);
      },
      { cpython: ['test_queues.py::_QueueShutdownTestMixin::test_format'] },
    );

    it(
      'ends waiting get() calls',
      async () => {
        const queue = new QueueClass<string>();
        const getter = createTask(queue.get());
        await sleep(0);

        queue.shutdown();
        await queue.join();
        await sleep(0);

        assert.ok(getter.done());
        await rejects(getter, QueueShutDown);
        await refusesAll(queue);
      },
      { cpython: ['test_queues.py::_QueueShutdownTestMixin::test_shutdown_empty'] },
    );

    it(
      'ends waiting put() calls, and lets the items be taken',
      async () => {
        const queue = new QueueClass<string>(1);
        queue.putNowait('data');
        const joiner = createTask(queue.join());
        const putter = createTask(queue.put('data2'));
        await sleep(0);
        assert.not(putter.done());

        queue.shutdown();
        assert.is(queue.qsize(), 1);
        await sleep(0);
        assert.ok(putter.done());
        await rejects(putter, QueueShutDown);
        assert.is(await queue.get(), 'data');
        await sleep(0);
        assert.not(joiner.done());
        await refusesAll(queue);
        queue.taskDone();
        await sleep(0);

        assert.ok(joiner.done());
        throws(() => queue.taskDone(), RangeError);
      },
      { cpython: ['test_queues.py::_QueueShutdownTestMixin::test_shutdown_nonempty'] },
    );

    it(
      'drops the items at once on request',
      async () => {
        const queue = new QueueClass<string>();
        queue.putNowait('data');
        const joiner = createTask(queue.join());

        queue.shutdown({ immediate: true });
        assert.is(queue.qsize(), 0);
        await sleep(0);

        assert.ok(joiner.done());
        await refusesAll(queue);
        throws(() => queue.taskDone(), RangeError);
      },
      { cpython: ['test_queues.py::_QueueShutdownTestMixin::test_shutdown_immediate'] },
    );

    it(
      'leaves the work on items that were taken',
      async () => {
        const queue = new QueueClass<string>();
        queue.putNowait('data');
        queue.putNowait('data');
        const joiner = createTask(queue.join());
        assert.is(await queue.get(), 'data');

        queue.shutdown({ immediate: true });
        assert.is(queue.qsize(), 0);
        await sleep(0);
        assert.not(joiner.done());
        await refusesAll(queue);
        queue.taskDone();
        throws(() => queue.taskDone(), RangeError);
        await sleep(0);

        assert.ok(joiner.done());
      },
      {
        cpython: [
          'test_queues.py::_QueueShutdownTestMixin::test_shutdown_immediate_with_unfinished',
        ],
      },
    );

    it('releases waiting join() calls when it drops the items', async () => {
      const queue = new QueueClass<string>();
      queue.putNowait('data');
      const joiner = createTask(queue.join());
      await sleep(0);

      queue.shutdown({ immediate: true });

      await joiner;
    });

    it('throws a cancel in a get() that is cancelled at the same time', async () => {
      const queue = new QueueClass<string>();
      const getter = createTask(queue.get());
      await sleep(0);

      queue.shutdown();
      getter.cancel();

      await rejects(getter, CancelledError);
    });
  });
}
