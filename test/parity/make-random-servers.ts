/**
 * Writes random programs for random-servers.py and random-servers.ts:
 *
 *     node --import ./scripts/shipped.mjs test/parity/make-random-servers.ts 150 14 > test/parity/random-servers.jsonl
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

const [count = '150', seed = '14'] = process.argv.slice(2);

// CPython's writelines() of nothing but empty pieces leaves them in its buffer, and close() waits for those.
const written = fc.constantFrom(1, 10, 100, 4_000, 30_000);

const ofEnds: Weighted[] = [
  step(8, 'write', { ...end, n: written }),
  step(2, 'writelines', { ...end, n: written }),
  step(1, 'write_eof', end),
  step(2, 'close', end),
  step(1, 'abort', end),
  step(2, 'pause', end),
  step(2, 'resume', end),
  step(1, 'limits', { ...end, n: fc.constantFrom(0, 5, 100_000) }),
  step(1, 'swap', { ...end, n: fc.nat(1) }),
];
/** What happens at a time is of one end, or of the server, or is a handshake. */
const group = fc.oneof(
  { weight: 4, arbitrary: fc.array(connecting, { minLength: 1, maxLength: 2, size: 'max' }) },
  { weight: 8, arbitrary: fc.array(fc.oneof(...ofEnds), { minLength: 1, maxLength: 1 }) },
  { weight: 4, arbitrary: sameEnd(ofEnds) },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(...ofServers), { minLength: 1, maxLength: 3, size: 'max' }),
  },
  { weight: 1, arbitrary: fc.tuple(strange) },
  // After close() in the same turn, CPython's fails with a TypeError, and the server says that it serves.
  { weight: 1, arbitrary: fc.tuple(fc.record({ do: fc.constant('start_serving') })) },
  { weight: 2, arbitrary: fc.tuple(fc.record({ do: fc.constant('upgrade'), n: fc.nat(3) })) },
);

const program = fc.record({
  family: fc.constantFrom('ipv4', 'ipv6', 'unix'),
  tls: fc.constantFrom('never', 'always', 'later'),
  place: fc.constantFrom('given', 'made', 'shared'),
  // Two come at a time at the most.
  backlog: fc.constantFrom(1, 100),
  serving: fc.constantFrom(true, true, true, false),
  stays: fc.boolean(),
  buffered: fc.boolean(),
  steps: fc.array(group, { minLength: 5, maxLength: 16, size: 'max' }),
});

/** Only where TLS comes later can it come. */
function mended({ steps, ...rest }: { tls: string; steps: object[][] }): object {
  const kept = steps.filter(
    ([first]) => rest.tls === 'later' || (first as { do: string }).do !== 'upgrade',
  );
  return { ...rest, steps: [[{ do: 'connect', n: 0 }], ...kept] };
}

// Without the bias towards what is small: what goes wrong takes several steps.
const programs = fc.sample(fc.noBias(program), { numRuns: Number(count), seed: Number(seed) });
for (const each of programs) console.log(JSON.stringify(mended(each)));
