import { OSError } from '../../base/errors/os-errors.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';

/** One address of a host, as `getaddrinfo()` returns it. */
export type ResolvedAddress = readonly [
  family: number,
  type: number,
  proto: number,
  name: string,
  address: Address,
];

/** What to look up; 0 means any. */
export interface LookupHints {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  readonly flags: number;
}

/** A loop that looks up names. */
export interface ResolvingLoop extends LoopCore {
  getaddrinfo(
    host: string | undefined,
    port: number | string | undefined,
    options: LookupHints,
  ): PromiseLike<readonly ResolvedAddress[]>;
}

/**
 * Looks a host up.
 *
 * @throws {OSError} when it has no address
 */
export async function lookUp(
  loop: ResolvingLoop,
  host: string | undefined,
  port: number | string | undefined,
  hints: LookupHints,
  call = 'getaddrinfo()',
): Promise<readonly ResolvedAddress[]> {
  const addresses = await loop.getaddrinfo(host, port, hints);
  if (addresses.length > 0) return addresses;
  throw new OSError(`${call} returned empty list`);
}
