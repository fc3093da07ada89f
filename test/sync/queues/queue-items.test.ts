import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Fifo } from '../../../src/core/turns/fifo.ts';
import { type Items, LifoItems, SortedItems } from '../../../src/sync/queues/queue-items.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

/** Takes all that is in. */
function takeAll<T>(items: Items<T>): T[] {
  const taken: T[] = [];
  while (items.size > 0) taken.push(items.take());
  return taken;
}

function filled<T>(items: Items<T>, ...added: T[]): Items<T> {
  for (const item of added) items.add(item);
  return items;
}

behaviour('Fifo', (it) => {
  it('behaves like a list, whatever is added and taken', () => {
    const counts = fc.array(fc.tuple(fc.nat(3000), fc.nat(3000)), { maxLength: 8 });
    fc.assert(
      fc.property(counts, (steps) => {
        const [items, list]: [Fifo<number>, number[]] = [new Fifo(), []];
        let next = 0;
        for (const [added, taken] of steps) {
          for (let n = 0; n < added; n += 1) {
            items.add(next);
            list.push(next);
            next += 1;
          }
          for (let n = 0; n < taken && list.length > 0; n += 1)
            assert.is(items.take(), list.shift());

          assert.is(items.size, list.length);
          assert.equal([...items], list);
        }
      }),
      { seed: 1, numRuns: 30 },
    );
  });
});

behaviour('LifoItems', (it) => {
  it('returns the newest first', () => {
    const items = filled(new LifoItems(), 1, 3, 2);

    assert.equal([...items], [1, 3, 2]);
    assert.equal(takeAll(items), [2, 3, 1]);
  });
});

behaviour('SortedItems', (it) => {
  it('returns the lowest first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (numbers) => {
        assert.equal(
          takeAll(filled(new SortedItems(), ...numbers)),
          [...numbers].sort((a, b) => a - b),
        );
      }),
      { seed: 1 },
    );
  });

  it('returns equal items in the order of heapq', () => {
    const items = new SortedItems<{ valueOf(): number; name: string }>();
    // As python3 -c 'import heapq' gives it, with items that compare by their number alone.
    for (const [n, name] of [...'abcdefghijkl'].entries())
      items.add({ valueOf: () => n % 3, name });

    assert.is([...items].map(({ name }) => name).join(''), 'adgbjfchiekl');
    assert.is(
      takeAll(items)
        .map(({ name }) => name)
        .join(''),
      'agdjekbhcfil',
    );
  });

  it('compares as Python does', () => {
    const dates = [new Date(2), new Date(1)];
    for (const [lower, higher] of [
      [9, 10],
      ['Z', 'a'],
      [1n, 1.5],
      [false, true],
      [dates[1], dates[0]],
      [
        [9, 'b'],
        [10, 'a'],
      ],
      [
        [1, 'a'],
        [1, 'b'],
      ],
      [[1], [1, 0]],
      [
        [[1, 2], 'x'],
        [[1, 3], 'a'],
      ],
    ])
      assert.equal(takeAll(filled<unknown>(new SortedItems(), higher, lower)), [lower, higher]);
  });

  it('refuses what cannot be compared, and does not change', () => {
    const items = filled<unknown>(new SortedItems(), 2, 3);
    for (const [wrong, kind] of [
      ['1', 'string'],
      [undefined, 'undefined'],
      [null, 'null'],
      [{}, 'Object'],
      [[1], 'Array'],
    ])
      throws(() => items.add(wrong), TypeError, {
        message: `'<' not supported between instances of '${kind}' and 'number'`,
      });

    assert.equal(takeAll(items), [2, 3]);
  });

  it('does not change if two items cannot be compared during a removal', () => {
    const items = filled<unknown>(new SortedItems(), [1], [2, 'a'], [2, 3]);

    throws(() => items.take(), TypeError);

    assert.is(items.size, 3);
    assert.equal([...items], [[1], [2, 'a'], [2, 3]]);
  });
});
