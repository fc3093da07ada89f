/** The steps of random-servers and random-streams, with fast-check's weights: of servers, and of their clients. */
import fc from 'fast-check';

export type Weighted = fc.WeightedArbitrary<object>;

export function step(weight: number, name: string, fields: object = {}): Weighted {
  return { weight, arbitrary: fc.record({ do: fc.constant(name), ...fields }) };
}

/** One end of an existing connection. */
export const end = { side: fc.constantFrom('client', 'server'), at: fc.nat(3) };

export const ofServers: Weighted[] = [
  step(1, 'server_close'),
  step(1, 'close_clients'),
  step(1, 'abort_clients'),
  step(2, 'wait_closed'),
  step(1, 'cancel_wait'),
  step(1, 'serve_forever'),
  step(1, 'cancel_forever'),
  step(2, 'at_next', { what: fc.constantFrom('server_close', 'close_clients', 'abort_clients') }),
];
/** Distrust requires TLS: n is 1 then. */
export const connecting = fc.oneof(
  step(6, 'connect', { n: fc.constant(0) }),
  step(1, 'connect', { n: fc.constant(1) }),
);
export const strange = fc.oneof(
  step(3, 'stranger'),
  step(2, 'stranger_sends'),
  step(1, 'strangers_leave'),
);

/** Several steps of one end at a time. */
export function sameEnd(ofEnds: Weighted[]): fc.Arbitrary<object[]> {
  return fc
    .tuple(
      fc.record(end),
      fc.array(fc.oneof(...ofEnds), { minLength: 2, maxLength: 4, size: 'max' }),
    )
    .map(([where, steps]) => steps.map((each) => ({ ...each, ...where })));
}
