/** Linearizability: which histories are accepted, and which are refused. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { InvalidStateError, sleep } from '../../src/index.ts';
import {
  checkLinearizable,
  type Operation,
  type QueueCall,
  queue,
  type RegisterCall,
  register,
  type SequentialModel,
  SimulationError,
  simulate,
} from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';

type Register = Operation<RegisterCall<number>>;
type Queue = Operation<QueueCall<number>>;

const read = (begin: number, end: number | undefined, output: number): Register => ({
  call: { op: 'read' },
  ...{ begin, end, output },
});
const write = (begin: number, end: number | undefined, value: number): Register => ({
  call: { op: 'write', value },
  ...{ begin, end },
});
const swap = (begin: number, end: number | undefined, from: number, to: number, output: boolean) =>
  ({ call: { op: 'swap', from, value: to }, begin, end, output }) as Register;
const put = (begin: number, end: number | undefined, value: number): Queue => ({
  call: { op: 'put', value },
  ...{ begin, end },
});
const get = (begin: number, end: number | undefined, output: number | null): Queue => ({
  call: { op: 'get' },
  ...{ begin, end, output },
});

const ACCEPTED: [string, Register[]][] = [
  ['nothing', []],
  ['a read of the first value', [read(0, 1, 0)]],
  ['one after the other', [write(0, 1, 1), read(2, 3, 1), write(4, 5, 2), read(6, 7, 2)]],
  ['a read during a write: the old value', [write(0, 9, 1), read(1, 2, 0)]],
  ['a read during a write: the new value', [write(0, 9, 1), read(1, 2, 1)]],
  ['first the old one, then the new one', [write(0, 9, 1), read(1, 2, 0), read(3, 4, 1)]],
  ['two writes at a time, either order', [write(0, 9, 1), write(0, 9, 2), read(10, 11, 1)]],
  ['a write without an answer that happened', [write(0, undefined, 1), read(5, 6, 1)]],
  ['a write without an answer that did not', [write(0, undefined, 1), read(5, 6, 0)]],
  [
    'a write without an answer that happened late',
    [write(0, undefined, 1), read(5, 6, 0), read(7, 8, 1)],
  ],
  ['a swap', [swap(0, 1, 0, 1, true), swap(2, 3, 0, 2, false), read(4, 5, 1)]],
  ['the end and the begin at one instant', [write(0, 1, 1), read(1, 2, 0)]],
];
const REFUSED: [string, Register[]][] = [
  ['a value that nobody wrote', [read(0, 1, 7)]],
  ['a stale read', [write(0, 1, 1), read(2, 3, 0)]],
  ['first the new one, then the old one', [write(0, 9, 1), read(1, 2, 1), read(3, 4, 0)]],
  ['a lost write', [write(0, 1, 1), write(2, 3, 2), read(4, 5, 1)]],
  [
    'two readers that see two writes in different orders',
    [...[write(0, 1, 1), write(0, 1, 2)], ...[read(2, 3, 1), read(4, 5, 2)]],
  ],
  [
    'a write without an answer, seen and gone',
    [write(0, undefined, 1), read(1, 2, 1), read(3, 4, 0)],
  ],
  ['a write that is seen before it is called', [read(0, 1, 1), write(2, 3, 1)]],
  ['two swaps of one value', [swap(0, 9, 0, 1, true), swap(0, 9, 0, 2, true)]],
];
const QUEUES: [string, boolean, Queue[]][] = [
  ['first in, first out', true, [put(0, 1, 1), put(2, 3, 2), get(4, 5, 1), get(6, 7, 2)]],
  ['last in, first out', false, [put(0, 1, 1), put(2, 3, 2), get(4, 5, 2)]],
  ['two puts at a time', true, [put(0, 3, 1), put(0, 3, 2), get(4, 5, 2), get(6, 7, 1)]],
  ['an empty queue', true, [get(0, 1, null), put(0, 1, 1)]],
  ['an item that is there', false, [put(0, 1, 1), get(2, 3, null)]],
  ['an item twice', false, [put(0, 1, 1), get(2, 3, 1), get(2, 3, 1)]],
  [
    'a get without an answer takes one',
    true,
    [put(0, 1, 1), get(2, undefined, 0), get(3, 4, null)],
  ],
  ['an item that is lost', false, [put(0, 1, 1), put(0, 1, 2), get(2, 3, 1), get(4, 5, null)]],
];

async function accepts<State, Call>(
  operations: readonly Operation<Call>[],
  model: SequentialModel<State, Call>,
): Promise<boolean> {
  try {
    await checkLinearizable(operations, model);
    return true;
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error;
    return false;
  }
}

/** The same by trying all orders, and all choices of what happened. */
function byForce(operations: readonly Register[]): boolean {
  const ways = (state: number, left: readonly Register[]): boolean => {
    if (left.every(({ end }) => end === undefined)) return true;
    return left.some((one) => {
      if (left.some((other) => other.end !== undefined && other.end < one.begin)) return false;
      const result = register(0).apply(state, one.call);
      const fits = one.end === undefined || !('output' in result) || result.output === one.output;
      return (
        fits &&
        ways(
          result.state,
          left.filter((other) => other !== one),
        )
      );
    });
  };
  return ways(0, operations);
}

behaviour('checkLinearizable', (it) => {
  for (const [name, operations] of ACCEPTED)
    it(`accepts a register's ${name}`, async () => {
      await checkLinearizable(operations, register(0));
      await checkLinearizable(operations.toReversed(), register(0));
    });
  for (const [name, operations] of REFUSED)
    it(`refuses a register's ${name}`, async () => {
      await rejects(checkLinearizable(operations, register(0)), InvalidStateError);
      await rejects(checkLinearizable(operations.toReversed(), register(0)), InvalidStateError);
    });
  for (const [name, is, operations] of QUEUES)
    it(`${is ? 'accepts' : 'refuses'} a queue's ${name}`, async () => {
      assert.is(await accepts(operations, queue<number>()), is);
    });

  it('agrees with a search of all orders', async () => {
    const value = fc.integer({ min: 0, max: 2 });
    const time = fc.integer({ min: 0, max: 8 });
    const operation = fc
      .tuple(time, fc.integer({ min: 0, max: 3 }), fc.constantFrom(0, 1, 1, 2), value, value)
      .map(([begin, length, kind, one, other]) => {
        const end = length === 3 && kind > 0 ? undefined : begin + length + 0.5;
        if (kind === 0) return read(begin, end, one);
        return kind === 1 ? write(begin, end, one) : swap(begin, end, one, other, one > 0);
      });
    const found = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 6 }), async (operations) => {
        const expected = byForce(operations);
        found[expected ? 'accepted' : 'refused'] += 1;
        assert.is(await accepts(operations, register(0)), expected);
      }),
      { numRuns: 200, seed: 19 },
    );
    assert.ok(found.accepted > 40 && found.refused > 40);
  });

  it('checks keys separately, and names the one that fails', async () => {
    const [one, other] = [
      { ...write(0, 1, 1), key: 'x' },
      { ...read(2, 3, 0), key: 'y', by: 'client' },
    ];
    await checkLinearizable([one, other], register(0));
    await rejects(
      checkLinearizable([one, { ...other, key: 'x' }], register(0)),
      InvalidStateError,
      {
        message:
          /^no order of the operations on 'x' explains.*write.*\n.*none of these.*\n.*client: .*read/s,
      },
    );
  });

  it('handles long histories, and many operations without a response', async () => {
    const long = Array.from({ length: 1000 }, (_, n) =>
      n % 2 === 0 ? write(n, n + 3, n) : read(n + 0.5, n + 0.6, n - 1),
    );
    await checkLinearizable(long, register(0));
    const unknown = Array.from({ length: 40 }, (_, n) => ({ ...read(n, undefined, 0) }));
    await checkLinearizable([...unknown, write(50, 51, 1), read(52, 53, 1)], register(0));
  });

  it('refuses an operation that ends before it begins', async () => {
    await rejects(checkLinearizable([read(1, 0, 0)], register(0)), RangeError, {
      message: 'an operation must end after it begins, got [1, 0]',
    });
    await rejects(checkLinearizable([read(Number.NaN, 1, 0)], register(0)), RangeError);
  });

  it('checks the history that a simulation recorded, at its end', async () => {
    const one = async (isStale: boolean) =>
      await simulate(async (world) => {
        const history = world.history(register(0));
        const client = world.host('client', async () => {
          let [value, old] = [0, 0];
          for (let n = 1; n < 4; n += 1) {
            await history.record('x', { op: 'write', value: n }, async () => {
              [old, value] = [value, n];
            });
            await history.record('x', { op: 'read' }, async () => (isStale ? old : value));
            await sleep(1);
          }
        });
        await world.ended(client);
      });
    await one(false);
    await rejects(one(true), SimulationError, {
      message: /^history, with seed 1.*client: {'op': 'read'} → 0/s,
    });
  });
});
