/** However the bytes of a stream are cut, reading gives the same. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Operation, StreamReader, sleep } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** One read, as text. */
type Step =
  | { readonly kind: 'readline' | 'read all' }
  | { readonly kind: 'readexactly'; readonly n: number }
  | { readonly kind: 'readuntil'; readonly separators: readonly string[] };

/** Few letters, so that separators come up often, in part and one over the other. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 60 });
const separator = fc.string({
  unit: fc.constantFrom('a', 'b', '\r', '\n'),
  minLength: 1,
  maxLength: 3,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant({ kind: 'readline' as const }),
  fc.constant({ kind: 'read all' as const }),
  fc.nat(12).map((n) => ({ kind: 'readexactly' as const, n })),
  fc
    .array(separator, { minLength: 1, maxLength: 3 })
    .map((separators) => ({ kind: 'readuntil' as const, separators })),
);

/** The pieces of a text that is cut at these places. */
function cut(whole: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (whole.length + 1)), whole.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, at) => whole.slice(at === 0 ? 0 : ends[at - 1], end));
}

function take(reader: StreamReader, wanted: Step): Operation<Uint8Array> {
  switch (wanted.kind) {
    case 'readline':
      return reader.readline();
    case 'read all':
      return reader.read();
    case 'readexactly':
      return reader.readexactly(wanted.n);
    case 'readuntil':
      return reader.readuntil(wanted.separators.map((each) => Buffer.from(each)));
  }
}

/** What the reads give, up to the first line that is too long: how much of it is lost depends. */
async function outcomes(
  pieces: readonly string[],
  steps: readonly Step[],
  limit: number,
): Promise<string[]> {
  const reader = new StreamReader({ limit });
  const feed = async (): Promise<void> => {
    for (const piece of pieces) {
      reader.feedData(Buffer.from(piece));
      await sleep(0);
    }
    reader.feedEof();
  };
  const told: string[] = [];
  const read = async (): Promise<void> => {
    for (const each of steps)
      try {
        told.push(`${each.kind}: ${JSON.stringify(String(await take(reader, each)))}`);
      } catch (error) {
        const { name, partial } = error as { name: string; partial?: Uint8Array };
        told.push(`${each.kind}: ${name} ${partial && JSON.stringify(String(partial))}`);
        if (name === 'RangeError') return;
      }
  };
  await Promise.all([feed(), read()]);
  return told;
}

loopBehaviour('a stream', (it) => {
  it(
    'reads the same however the bytes are divided',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          text,
          fc.array(fc.nat(1000), { maxLength: 8 }),
          fc.array(step, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 1, max: 40 }),
          async (whole, places, steps, limit) => {
            const atOnce = await outcomes([whole], steps, limit);
            assert.equal(await outcomes(cut(whole, places), steps, limit), atOnce);
            assert.equal(await outcomes([...whole], steps, limit), atOnce);
          },
        ),
        { numRuns: 300 },
      );
    },
    { seconds: 20 },
  );

  it('returns every byte once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.nat(1000), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (whole, places, sizes) => {
          const reader = new StreamReader({ limit: 8 });
          const pieces: string[] = [];
          const feed = async (): Promise<void> => {
            for (const piece of cut(whole, places)) {
              reader.feedData(Buffer.from(piece));
              await sleep(0);
            }
            reader.feedEof();
          };
          const read = async (): Promise<void> => {
            for (let turn = 0; ; turn += 1) {
              const piece = await reader.read(sizes[turn % sizes.length]);
              if (piece.length === 0) return;
              pieces.push(String(piece));
            }
          };
          await Promise.all([feed(), read()]);
          assert.is(pieces.join(''), whole);
        },
      ),
      { numRuns: 200 },
    );
  });
});
