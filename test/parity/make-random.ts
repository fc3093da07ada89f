/**
 * Writes random programs for random.py and random.ts:
 *
 *     node --import ./scripts/shipped.mjs test/parity/make-random.ts 100 5 > test/parity/random.jsonl
 *     python3.13 test/parity/random.py test/parity/random.jsonl > test/parity/random.txt
 */
import fc from 'fast-check';

const [count = '100', seed = '5'] = process.argv.slice(2);
const n = fc.nat(1);
const time = fc.nat(6);
const limit = fc.option(fc.nat(2));

const { block } = fc.letrec<{ block: object[]; step: object }>((tie) => {
  const block = tie('block');
  const blocks = fc.array(block, { minLength: 1, maxLength: 3 });
  const step = (weight: number, name: string, fields: object = {}) => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(name), ...fields }) as fc.Arbitrary<object>,
  });
  const until = fc.constantFrom('FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED');
  return {
    block: fc.array(tie('step'), { maxLength: 4, depthIdentifier: 'program' }),
    step: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'program' },
      step(8, 'sleep', { time }),
      step(1, 'fail'),
      step(1, 'wait_event', { n }),
      step(1, 'set_event', { n }),
      step(1, 'clear_event', { n }),
      step(1, 'wait_condition', { n }),
      step(2, 'notify', { n }),
      step(1, 'put', { n }),
      step(1, 'get', { n }),
      step(2, 'cancel', { n: fc.nat(3) }),
      step(1, 'await', { n }),
      step(4, 'lock', { n, block }),
      step(4, 'timeout', { time, block }),
      step(2, 'wait_for', { time, block }),
      step(2, 'wait_for_task', { time, block }),
      step(2, 'catch', { block }),
      step(2, 'refuse', { block }),
      step(2, 'finally', { time, block }),
      step(2, 'shield', { block }),
      step(1, 'spawn', { block }),
      step(4, 'group', { blocks }),
      step(2, 'gather', { blocks }),
      step(2, 'gather_all', { blocks }),
      step(2, 'wait', { blocks, time: limit, until }),
      step(2, 'as_completed', { blocks, time: limit }),
    ),
  };
});

const program = fc.array(
  fc.array(block, { minLength: 2, maxLength: 2 }).map((two) => two.flat()),
  {
    minLength: 2,
    maxLength: 4,
  },
);
const programs = fc.sample(program, { numRuns: Number(count), seed: Number(seed) });
for (const each of programs) console.log(JSON.stringify(each));
