/**
 * Writes random programs for random-streams.py and random-streams.ts:
 *
 *     node --import ./scripts/shipped.mjs test/parity/make-random-streams.ts 100 14 > test/parity/random-streams.jsonl
 */
import fc from 'fast-check';
import {
  connecting,
  end,
  ofServers,
  sameEnd,
  step,
  strange,
  type Weighted,
} from './support/server-steps.ts';

const [count = '100', seed = '14'] = process.argv.slice(2);

const written = fc.constantFrom(1, 10, 100, 1_000, 4_000, 30_000);

/** What is done to an end. */
const ofEnds: Weighted[] = [
  step(8, 'write', { ...end, n: written }),
  step(4, 'write_line', { ...end, n: fc.constantFrom(1, 10, 100, 4_000) }),
  step(2, 'writelines', { ...end, n: written }),
  step(2, 'write_eof', end),
  step(3, 'drain', end),
  step(2, 'close', end),
  step(2, 'gone', end),
  step(1, 'abort', end),
  step(1, 'limits', { ...end, n: fc.constantFrom(0, 5, 100_000) }),
  step(5, 'read', { ...end, n: fc.constantFrom(-1, 0, 1, 10, 3_000, 200_000) }),
  step(4, 'readline', end),
  step(4, 'readuntil', { ...end, n: fc.nat(2) }),
  step(4, 'readexactly', { ...end, n: fc.constantFrom(0, 1, 10, 500, 20_000) }),
  step(2, 'cancel_read', end),
  step(1, 'finish', { ...end, side: fc.constant('server') }),
  step(1, 'fail', { ...end, side: fc.constant('server') }),
  step(1, 'cancel_handler', { ...end, side: fc.constant('server') }),
];
/** More than the system keeps for one who does not read; only of unix paths is it known how much that is. */
const much = fc.record({ do: fc.constant('write'), ...end, n: fc.constant(6_000_000) });

/** What happens at a time is of one end, or of the server, or is a handshake. */
const group = fc.oneof(
  { weight: 4, arbitrary: fc.array(connecting, { minLength: 1, maxLength: 2, size: 'max' }) },
  { weight: 10, arbitrary: fc.array(fc.oneof(...ofEnds), { minLength: 1, maxLength: 1 }) },
  { weight: 8, arbitrary: sameEnd(ofEnds) },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(...ofServers), { minLength: 1, maxLength: 3, size: 'max' }),
  },
  { weight: 1, arbitrary: fc.tuple(strange) },
  { weight: 1, arbitrary: fc.tuple(much) },
  // After close() in the same turn, CPython's fails with a TypeError, and the server says that it serves.
  { weight: 1, arbitrary: fc.tuple(fc.record({ do: fc.constant('start_serving') })) },
  { weight: 2, arbitrary: fc.tuple(fc.record({ do: fc.constant('upgrade'), n: fc.nat(3) })) },
  { weight: 4, arbitrary: fc.tuple(fc.record({ do: fc.constant('start_tls'), ...end })) },
);

const program = fc.record({
  family: fc.constantFrom('ipv4', 'ipv6', 'unix'),
  tls: fc.constantFrom('never', 'never', 'always', 'later'),
  place: fc.constantFrom('given', 'made', 'shared'),
  // Two come at a time at the most.
  backlog: fc.constantFrom(1, 100),
  serving: fc.constantFrom(true, true, true, true, true, false),
  limit: fc.constantFrom(1, 10, 500, 65_536),
  handler: fc.constantFrom('waits', 'waits', 'plain', 'echoes', 'lines'),
  steps: fc.array(group, { minLength: 6, maxLength: 20, size: 'max' }),
});

interface Made {
  readonly family: string;
  readonly tls: string;
  readonly limit: number;
  readonly steps: object[][];
}

/** Only where TLS comes later can it come; and with it no more is written than is read at once. */
function mended({ steps, ...rest }: Made): object {
  const kept = steps.filter((group) =>
    (group as { do: string; n?: number }[]).every(
      ({ do: what, n = 0 }) =>
        (rest.tls === 'later' || (what !== 'upgrade' && what !== 'start_tls')) &&
        (rest.tls === 'never' || !what.startsWith('write') || n <= 4000) &&
        (rest.family === 'unix' || n <= 200_000) &&
        // docs/differences.md#what-waits-underneath-tls: asyncio pauses at the mark itself.
        (rest.tls === 'never' || what !== 'limits' || n > 0),
    ),
  );
  const limit = rest.tls === 'never' ? rest.limit : 65_536;
  return { ...rest, limit, steps: [[{ do: 'connect', n: 0 }], ...kept] };
}

// Without the bias towards what is small: what goes wrong takes several steps.
const programs = fc.sample(fc.noBias(program), { numRuns: Number(count), seed: Number(seed) });
for (const each of programs) console.log(JSON.stringify(mended(each)));
