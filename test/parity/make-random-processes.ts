/**
 * Writes random programs for random-processes.py and random-processes.ts:
 *
 *     node --import ./scripts/shipped.mjs test/parity/make-random-processes.ts 100 17 > test/parity/random-processes.jsonl
 *     python3 test/parity/random-processes.py test/parity/random-processes.jsonl
 */
import fc from 'fast-check';

const [count = '100', seed = '17'] = process.argv.slice(2);

type Weighted = fc.WeightedArbitrary<object>;

function step(weight: number, name: string, fields: object = {}): Weighted {
  return { weight, arbitrary: fc.record({ do: fc.constant(name), ...fields }) };
}

const written = fc.constantFrom(0, 1, 10, 1_000, 4_096, 30_000, 65_536, 70_000, 300_000);
const few = fc.constantFrom(0, 1, 10, 1_000, 30_000);
const limit = fc.constantFrom(0, 1, 1_000, 100_000);
const signal = fc.constantFrom('SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGUSR1');

function reactions(own: Weighted[], events: readonly string[]): fc.Arbitrary<object> {
  const reaction = fc.oneof(step(3, 'fail'), ...own);
  const some = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(reaction, { minLength: 1, maxLength: 3, size: 'max' }) },
  );
  return fc.record(Object.fromEntries(events.map((event) => [event, some])));
}

/** What happens at a time is of one side. */
function steps(own: Weighted[], peers: Weighted[]): fc.Arbitrary<object[][]> {
  const together = fc.array(fc.oneof(...own), { minLength: 1, maxLength: 4, size: 'max' });
  const byThePeer = fc.array(fc.oneof(...peers), { minLength: 1, maxLength: 3, size: 'max' });
  return fc.array(fc.oneof(together, byThePeer), { minLength: 4, maxLength: 12, size: 'max' });
}

const ofWriters: Weighted[] = [
  step(8, 'write', { n: written }),
  step(2, 'writelines', { n: written, m: written }),
  step(1, 'write_eof'),
  step(1, 'close'),
  step(1, 'abort'),
  step(2, 'limits', { n: limit }),
];
const whoReads: Weighted[] = [
  step(6, 'peer_receive', { n: fc.constantFrom(1, 1_000, 65_536, 16_777_216) }),
  step(1, 'peer_close'),
];
const ofReaders: Weighted[] = [step(3, 'pause'), step(4, 'resume'), step(1, 'close')];
const whoWrites: Weighted[] = [step(6, 'peer_send', { n: few }), step(1, 'peer_close')];

/** What a child does that has its orders from the start. */
const order = fc.oneof(
  step(4, 'out', { n: few }),
  step(3, 'err', { n: few }),
  step(2, 'read', { n: fc.constantFrom(1, 100, 5_000, 100_000) }),
  step(1, 'cat'),
  step(1, 'close_out'),
  step(1, 'close_err'),
  step(1, 'close_in'),
  step(1, 'exit', { n: fc.nat(255) }),
  step(1, 'kill', { signal }),
);
/** What is done with a child that gets its orders one by one. */
const talk = fc.oneof(
  step(4, 'out', { n: few }),
  step(3, 'err', { n: few }),
  step(2, 'line', { n: fc.constantFrom(0, 1, 50) }),
  step(2, 'cancel_read'),
  step(2, 'cancel_wait'),
  step(1, 'wait_for'),
  step(1, 'returncode'),
);
const ending = fc.oneof(
  step(2, 'exit', { n: fc.nat(255) }),
  step(2, 'send_signal', { signal }),
  step(1, 'terminate'),
  step(1, 'kill'),
  step(2, 'close_stdin'),
  step(2, 'communicate', { n: few }),
);

const common = { start: fc.nat(60_000) };
const program = fc.oneof(
  fc.record({
    kind: fc.constant('writer'),
    ...common,
    reactions: reactions(ofWriters, ['lost', 'pause', 'resume']),
    steps: steps(ofWriters, whoReads),
  }),
  fc.record({
    kind: fc.constant('reader'),
    ...common,
    reactions: reactions(ofReaders, ['made', 'data', 'eof', 'lost']),
    steps: steps(ofReaders, whoWrites),
  }),
  fc.record({
    kind: fc.constant('script'),
    ...common,
    how: fc.constantFrom('communicate', 'protocol', 'shell'),
    stdin: fc.constantFrom('PIPE', 'PIPE', 'DEVNULL'),
    stdout: fc.constantFrom('PIPE', 'PIPE', 'PIPE', 'DEVNULL'),
    stderr: fc.constantFrom('PIPE', 'PIPE', 'STDOUT', 'DEVNULL'),
    limit: fc.constantFrom(1, 100, 65_536),
    input: written,
    orders: fc.array(order, { minLength: 0, maxLength: 6, size: 'max' }),
  }),
  fc.record({
    kind: fc.constant('talk'),
    ...common,
    merged: fc.boolean(),
    limit: fc.constantFrom(100, 65_536),
    steps: fc.array(talk, { minLength: 1, maxLength: 8, size: 'max' }),
    ending,
  }),
);
// Without the bias towards what is small: what goes wrong takes several steps.
const programs = fc.sample(fc.noBias(program), { numRuns: Number(count), seed: Number(seed) });
for (const each of programs) console.log(JSON.stringify(each));
