import * as assert from 'uvu/assert';
import { RuntimeError } from '../../src/base/errors/errors.ts';
import { asyncgen } from '../../src/core/coroutines/async-generator.ts';
import { createTask } from '../../src/core/coroutines/ensure-future.ts';
import { Task } from '../../src/core/coroutines/task.ts';
import {
  futureAddToAwaitedBy,
  futureDiscardFromAwaitedBy,
} from '../../src/core/futures/call-graph-edges.ts';
import { Future } from '../../src/core/futures/future.ts';
import type { Loop } from '../../src/loop/loop.ts';
import {
  captureCallGraph,
  type FutureCallGraph,
  formatCallGraph,
  printCallGraph,
} from '../../src/tasks/call-graph.ts';
import { gather } from '../../src/tasks/groups/gather.ts';
import { taskGroup } from '../../src/tasks/groups/task-group.ts';
import { wait } from '../../src/tasks/groups/wait.ts';
import { timeout } from '../../src/tasks/limits/timeout.ts';
import { waitFor } from '../../src/tasks/limits/wait-for.ts';
import { shield } from '../../src/tasks/shield.ts';
import { sleep } from '../../src/tasks/sleep.ts';
import { linesOf } from '../support/lines.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { throws } from '../support/throws.ts';

const lineOf = linesOf(import.meta.url);
const debug = { debug: true } as const;

type Walked = [name: string, functions: string[], awaitedBy: Walked[]];

/** A graph as names: of the task, of its functions, and of those that wait. */
function walk(graph: FutureCallGraph | undefined): Walked {
  if (graph === undefined) throw new Error('there is no graph');
  return [
    graph.future instanceof Task ? graph.future.getName() : 'future',
    graph.callStack.map(({ frame }) => frame.name),
    graph.awaitedBy.map(walk),
  ];
}

/** Runs `body` as a task `main`, captures in `leaf()`, and gives what was captured. */
async function captured(body: (leaf: () => Promise<void>) => Promise<unknown>): Promise<Walked> {
  let graph: FutureCallGraph | undefined;
  async function leaf(): Promise<void> {
    await sleep(1);
    graph = captureCallGraph();
  }
  await createTask(() => body(leaf), { name: 'main' });
  return walk(graph);
}

loopBehaviour('captureCallGraph', (it) => {
  it('returns the functions of the current task', async () => {
    async function outer(leaf: () => Promise<void>): Promise<void> {
      await leaf();
    }

    const [name, functions, waiters] = await captured(outer);

    assert.is(name, 'main');
    assert.equal(functions.slice(0, 2), ['leaf', 'outer']);
    assert.is(waiters.length, 1);
  });

  it(
    'follows the tasks that await a task',
    async () => {
      const graph = await captured(async function main(leaf) {
        await createTask(leaf, { name: 'child' });
      });

      const [name, functions, [waiter]] = graph;
      assert.equal([name, functions], ['child', ['leaf']]);
      assert.equal([waiter?.[0], waiter?.[1][0]], ['main', 'main']);
    },
    debug,
  );

  it('knows which task waits for which outside of debug mode, but not where', async () => {
    const graph = await captured(async (leaf) => {
      await createTask(leaf, { name: 'child' });
    });

    assert.equal(graph[2][0]?.slice(0, 2), ['main', []]);
  });

  for (const [what, waits] of Object.entries({
    'gather()': (task: Task<void>) => gather(task, sleep(0)),
    'wait()': (task: Task<void>) => wait([task]),
    'shield()': (task: Task<void>) => shield(task),
    'timeout()': (task: Task<void>) => timeout(5, async () => await task),
    'waitFor()': (task: Task<void>) => waitFor(task, 5),
    'Promise.all()': (task: Task<void>) => Promise.all([task, sleep(0)]),
  }))
    it(`sees through ${what}`, async () => {
      const graph = await captured(async (leaf) => {
        await waits(createTask(leaf, { name: 'child' }));
      });

      assert.equal([graph[0], graph[2].map(([name]) => name)], ['child', ['main']]);
    });

  it(
    'sees through a task group',
    async () => {
      const graph = await captured(async function main(leaf) {
        await taskGroup(async (group) => {
          group.createTask(leaf, { name: 'child' });
        });
      });

      assert.equal([graph[0], graph[2].map(([name]) => name)], ['child', ['main']]);
      assert.ok(graph[2][0]?.[1].includes('main'));
    },
    debug,
  );

  it('returns all tasks that wait for a future', async () => {
    const shared = createTask(async () => await sleep(2), { name: 'shared' });
    const waiters = ['a', 'b'].map((name) => createTask(async () => await shared, { name }));
    await sleep(1);

    const [name, , above] = walk(captureCallGraph(shared));

    assert.equal([name, above.map(([each]) => each)], ['shared', ['a', 'b']]);
    await gather(...waiters);
  });

  it('takes a future', async (loop) => {
    const future = loop.createFuture<void>();
    const task = createTask(async () => await future, { name: 'waiter' });
    await sleep(0);

    assert.equal(walk(captureCallGraph(future)), ['future', [], [['waiter', [], []]]]);
    future.setResult();
    await task;
  });

  it(
    'returns the requested number of frames, from either end',
    async () => {
      async function middle(): Promise<void> {
        await sleep(1);
      }
      const task = createTask(async function outer() {
        await middle();
      });
      await sleep(0.5);
      const names = (limit: number): string[] => walk(captureCallGraph(task, { limit }))[1];

      assert.equal([names(1), names(-1), names(0)], [['middle'], ['outer'], []]);
      throws(() => captureCallGraph(task, { limit: 0.5 }), RangeError);
      await task;
    },
    debug,
  );

  it('leaves out the requested number of frames of the caller', async () => {
    function helper(): Walked {
      return walk(captureCallGraph(undefined, { depth: 2 }));
    }
    async function caller(): Promise<Walked> {
      return helper();
    }

    const [, functions] = await createTask(caller);

    assert.is(functions[0], 'caller');
  });

  it('shows what a program reports about its own primitives', async (loop) => {
    const future = loop.createFuture<void>();
    const waiter = createTask(async () => await sleep(1), { name: 'waiter' });

    futureAddToAwaitedBy(future, waiter);
    const before = walk(captureCallGraph(future))[2].length;
    futureDiscardFromAwaitedBy(future, waiter);
    const after = walk(captureCallGraph(future))[2].length;

    assert.equal([before, after], [1, 0]);
    await waiter;
  });

  it('ends if futures wait for one another', async (loop) => {
    const [a, b] = [loop.createFuture<void>(), loop.createFuture<void>()];
    futureAddToAwaitedBy(a, b);
    futureAddToAwaitedBy(b, a);

    assert.equal(walk(captureCallGraph(a)), ['future', [], [['future', [], []]]]);
  });

  it('returns nothing in a callback', async (loop) => {
    const seen = loop.createFuture<unknown>();
    loop.callSoon(() => seen.setResult(captureCallGraph()));

    assert.is(await seen, undefined);
  });

  it('refuses anything but a future', async () => {
    throws(() => captureCallGraph(1 as unknown as Future<void>), TypeError, {
      message: /1 object does not appear to be compatible/,
    });
  });

  it.resting('needs a loop, or a future', (loop: Loop) => {
    throws(() => captureCallGraph(), RuntimeError, { message: /outside of a running event loop/ });
    assert.ok(captureCallGraph(loop.createFuture()));
  });
});

loopBehaviour('formatCallGraph', (it) => {
  it(
    'prints as in asyncio',
    async () => {
      async function leaf(): Promise<void> {
        await sleep(1); // here: leaf
      }
      const child = createTask(leaf, { name: 'child' });
      const main = createTask(
        async function main() {
          await child; // here: main
        },
        { name: 'main' },
      );
      await sleep(0.5);

      const text = formatCallGraph(child).replace(/id=0x[0-9a-f]+/g, 'id=0x…');

      const file = (name: string): string =>
        lineOf(name).replace(/^(.*):(\d+)$/, "File '$1', line $2");
      assert.is(
        text,
        [
          "* Task(name='child', id=0x…)",
          '  + Call stack:',
          `  |   ${file('leaf')}, in async leaf()`,
          '  + Awaited by:',
          "    * Task(name='main', id=0x…)",
          '      + Call stack:',
          `      |   ${file('main')}, in async main()`,
        ].join('\n'),
      );
      await main;
    },
    debug,
  );

  it('prints a future', async (loop) => {
    assert.match(formatCallGraph(loop.createFuture()), /^\* Future\(id=0x[0-9a-f]+\)$/);
  });
});

loopBehaviour('printCallGraph', (it) => {
  it('prints to the given function', async (loop) => {
    const texts: string[] = [];

    printCallGraph(loop.createFuture(), { file: { write: (text) => texts.push(text) } });

    assert.match(texts.join(''), /^\* Future\(.*\)\n$/);
  });
});

/** The programs of CPython's test_graph.py; each notes where its innermost function stands. */
loopBehaviour("captureCallGraph in CPython's programs", (it) => {
  const TESTS = 'test_graph.py::CallStackTestBase::test_stack_';

  /** Declares that `program` notes `expected`, run as the function `test` of a task of that name. */
  function stands(
    what: string,
    program: (note: (future?: Future<unknown>) => void) => Promise<unknown>,
    expected: Walked,
    text?: RegExp,
  ): void {
    it(
      `returns the stack of ${what.replace('_', ' ')}`,
      async () => {
        let noted: [Walked, string] | undefined;
        const note = (future?: Future<unknown>): void => {
          const graph = captureCallGraph(future, { depth: 2 });
          noted = [walk(graph), formatCallGraph(future, { depth: 2 })];
        };

        const task = createTask(
          async function test() {
            await program(note);
          },
          { name: 'test' },
        );
        // Nobody awaits it.
        await new Promise((done) => task.addDoneCallback(done));

        task.result();
        assert.equal(noted?.[0], expected);
        if (text !== undefined) assert.match(noted?.[1] ?? '', text);
      },
      { ...debug, cpython: [`${TESTS}${what}`] },
    );
  }

  stands(
    'task',
    async function main(note) {
      async function inner(): Promise<void> {
        await sleep(0);
        note();
      }
      async function c1(): Promise<void> {
        await inner();
      }
      async function c2(): Promise<void> {
        await createTask(c1, { name: 'there there' });
      }
      await c2();
    },
    ['there there', ['inner', 'c1'], [['test', ['c2', 'main', 'test'], []]]],
  );

  stands(
    'future',
    async function main(note) {
      const future = new Future<void>();
      async function a2(): Promise<void> {
        await future;
      }
      async function a1(): Promise<void> {
        await a2();
      }
      async function b1(): Promise<void> {
        await future;
      }
      await taskGroup(async function body(group) {
        group.createTask(a1, { name: 'task A' });
        group.createTask(b1, { name: 'task B' });
        for (let n = 0; n < 5; n += 1) await sleep(0);
        note(future);
        future.setResult();
      });
    },
    [
      'future',
      [],
      [
        ['task A', ['a2', 'a1'], [['test', ['note', 'body', 'main', 'test'], []]]],
        ['task B', ['b1'], [['test', ['note', 'body', 'main', 'test'], []]]],
      ],
    ],
    /^\* Future\(id=/,
  );

  const combined = { gather, shield } as Record<string, (...calls: unknown[]) => Promise<unknown>>;
  for (const [what, combine] of Object.entries(combined))
    stands(
      what,
      async function main(note) {
        async function deep(): Promise<void> {
          await sleep(0);
          note();
        }
        const named = {
          c1: async () => {
            await sleep(0);
            await deep();
          },
        };
        await combine?.(createTask(named.c1, { name: 'c1' }));
      },
      ['c1', ['deep', 'c1'], [['test', ['main', 'test'], []]]],
    );

  /** Sleeps within a limit, and notes where. */
  async function limited(note: () => void): Promise<void> {
    async function inner(): Promise<void> {
      await sleep(0);
      note();
    }
    await timeout(1, async function body() {
      await sleep(0);
      await inner();
    });
  }

  stands(
    'timeout',
    async function main(note) {
      await shield(createTask(() => limited(note), { name: 'c1' }));
    },
    ['c1', ['inner', 'body', 'limited'], [['test', ['main', 'test'], []]]],
  );

  stands(
    'wait',
    async function main(note) {
      const tasks = [
        createTask(() => limited(note), { name: 'c1' }),
        createTask(async () => {
          for (let n = 0; n < 3; n += 1) await sleep(0);
        }),
      ];
      while ((await wait(tasks))[1].size > 0);
    },
    ['c1', ['inner', 'body', 'limited'], [['test', ['main', 'test'], []]]],
  );

  stands(
    'tgroup',
    async function main(note) {
      function c5(): void {
        note();
      }
      async function c4(): Promise<void> {
        await sleep(0);
        c5();
      }
      async function c3(): Promise<void> {
        await c4();
      }
      async function c2(): Promise<void> {
        await c3();
      }
      await taskGroup(async function body(group) {
        const task = group.createTask(c2, { name: 'c2_root' });
        async function c1(): Promise<void> {
          await task;
        }
        group.createTask(c1, { name: 'sub_main_1' });
        group.createTask(c1, { name: 'sub_main_2' });
      });
    },
    [
      'c2_root',
      ['c5', 'c4', 'c3', 'c2'],
      [
        ['test', ['main', 'test'], []],
        ['sub_main_1', ['c1'], [['test', ['main', 'test'], []]]],
        ['sub_main_2', ['c1'], [['test', ['main', 'test'], []]]],
      ],
    ],
    / async test\(\)/,
  );

  stands(
    'async_gen',
    async function main(note) {
      async function nested(): Promise<void> {
        note();
      }
      const gen = asyncgen(async function* gen() {
        for (const n of [0, 1]) {
          yield n;
          if (n === 1) await nested();
        }
      });
      for await (const _ of gen());
    },
    ['test', ['nested', 'gen', 'main', 'test'], []],
    / async gen\(\)/,
  );
});
