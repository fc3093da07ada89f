import { OSError } from '../base/errors/os-errors.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Address } from '../sock/address.ts';

/** One way to reach a host, as `getaddrinfo()` has it. */
export type Way = readonly [
  family: number,
  type: number,
  proto: number,
  name: string,
  address: Address,
];

/** What is asked for in a look-up; 0 is anything. */
export interface Asked {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  readonly flags: number;
}

/** A loop that looks up names. */
export interface LookingUpLoop extends LoopCore {
  getaddrinfo(
    host: string | undefined,
    port: number | string | undefined,
    options: Asked,
  ): PromiseLike<readonly Way[]>;
}

/**
 * Looks a host up.
 *
 * @throws {OSError} when there is no way to it
 */
export async function lookUp(
  loop: LookingUpLoop,
  host: string | undefined,
  port: number | string | undefined,
  asked: Asked,
): Promise<readonly Way[]> {
  const ways = await loop.getaddrinfo(host, port, asked);
  if (ways.length > 0) return ways;
  throw new OSError('getaddrinfo() returned empty list');
}
