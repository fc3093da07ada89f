/**
 * Writes random programs for random-io.py and random-io.ts:
 *
 *     node --import ./scripts/shipped.mjs test/parity/make-random-io.ts 150 21 > test/parity/random-io.jsonl
 *     python3 test/parity/random-io.py test/parity/random-io.jsonl
 */
import fc from 'fast-check';

const [count = '150', seed = '21'] = process.argv.slice(2);

const written = fc.constantFrom(0, 1, 10, 100, 1_000, 4_000, 30_000, 70_000, 300_000);
const sent = fc.constantFrom(1, 3, 50, 300, 5_000, 30_000);
const limit = fc.constantFrom(0, 1, 5, 1_000, 100_000);
const sndbuf = fc.constantFrom(0, 0, 4_608, 50_000);

type Weighted = fc.WeightedArbitrary<object>;

function step(weight: number, name: string, fields: object = {}): Weighted {
  return { weight, arbitrary: fc.record({ do: fc.constant(name), ...fields }) };
}

const write = step(8, 'write', { n: written });
const ofTransports: Weighted[] = [
  step(1, 'close'),
  step(1, 'abort'),
  step(2, 'limits', { n: limit }),
];
const ofStreamTransports: Weighted[] = [
  ...ofTransports,
  write,
  step(2, 'writelines', { n: written, m: written }),
  step(1, 'write_eof'),
  step(2, 'pause'),
  step(2, 'resume'),
  step(1, 'swap', { n: fc.nat(1) }),
];
// CPython before 3.13 does nothing for an empty one.
const ofDatagrams: Weighted[] = [
  ...ofTransports,
  step(9, 'write', { n: fc.constantFrom(1, 10, 1_000, 60_000, 70_000) }),
];
const ofStreams: Weighted[] = [
  step(3, 'read', { n: fc.constantFrom(0, 1, 10, 100, 5_000, 100_000) }),
  step(2, 'readline'),
  step(2, 'readexactly', { n: fc.constantFrom(0, 1, 10, 100, 3_000) }),
  step(2, 'readuntil', { n: fc.nat(2) }),
  step(1, 'iterate', { n: fc.constantFrom(5, 50, 500) }),
  step(2, 'cancel_read'),
  step(1, 'cancel_drain'),
  step(1, 'at_eof'),
  write,
  step(1, 'writelines', { n: written, m: written }),
  step(4, 'drain'),
  step(1, 'write_eof'),
  step(1, 'close'),
  step(2, 'wait_closed'),
  step(2, 'limits', { n: limit }),
];
const ofPeers = fc.oneof(
  step(6, 'peer_send', { n: sent }),
  step(4, 'peer_receive', { n: fc.constantFrom(1, 1_000, 100_000, 16_777_216) }),
  step(1, 'peer_shutdown'),
  step(1, 'peer_close'),
);

/**
 * What happens at a time is of one side: a peer that receives between two writes of a turn finds what
 * asyncio sends with each of them, and we with the second.
 */
function steps(own: Weighted[]): fc.Arbitrary<object[][]> {
  const together = fc.array(fc.oneof(...own), { minLength: 1, maxLength: 4, size: 'max' });
  const byThePeer = fc.array(ofPeers, { minLength: 1, maxLength: 3, size: 'max' });
  return fc.array(fc.oneof(together, byThePeer), { minLength: 4, maxLength: 14, size: 'max' });
}

function reactions(own: Weighted[], events: readonly string[]): fc.Arbitrary<object> {
  const reaction = fc.oneof(step(3, 'fail'), ...own);
  const some = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(reaction, { minLength: 1, maxLength: 3, size: 'max' }) },
  );
  return fc.record(Object.fromEntries(events.map((event) => [event, some])));
}

const common = { start: fc.nat(60_000) };
const callbacks = ['made', 'data', 'lost', 'pause', 'resume'];
const program = fc.oneof(
  fc.record({
    kind: fc.constant('transport'),
    ...common,
    size: fc.constantFrom(10_000, 65_536),
    sndbuf,
    stays: fc.boolean(),
    buffered: fc.boolean(),
    reactions: reactions(ofStreamTransports, [...callbacks, 'eof']),
    steps: steps(ofStreamTransports),
  }),
  fc.record({
    kind: fc.constant('datagrams'),
    ...common,
    size: fc.constant(0),
    connected: fc.boolean(),
    reactions: reactions(ofDatagrams, [...callbacks, 'error']),
    steps: steps(ofDatagrams),
  }),
  fc.record({
    kind: fc.constant('streams'),
    ...common,
    sndbuf,
    limit: fc.constantFrom(1, 10, 64, 1_000, 65_536),
    steps: steps(ofStreams),
  }),
);
// Without the bias towards what is small: what goes wrong takes several steps.
const programs = fc.sample(fc.noBias(program), { numRuns: Number(count), seed: Number(seed) });
for (const each of programs) console.log(JSON.stringify(each));
