import { OSError } from '../../base/errors/os-errors.ts';
import { net } from '../../base/node-modules.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { type Address, inetAddress, LAST_PORT } from '../../sock/addresses/address.ts';
import { AF_INET, IPPROTO_TCP, SOCK_STREAM } from '../../sock/constants/constants.ts';

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

/**
 * The address of a stream socket that needs no look-up: a dotted host and a number as port. As in
 * asyncio, the loop's `getaddrinfo()` is not called for it.
 *
 * @returns `undefined` for all else
 */
export function literalAddress(
  host: string | undefined,
  port: number | string | undefined,
  { family, proto, flags }: LookupHints,
): readonly ResolvedAddress[] | undefined {
  const isAsked =
    (family === 0 || family === AF_INET) && (proto === 0 || proto === IPPROTO_TCP) && flags === 0;
  if (!isAsked || !isPort(port) || host === undefined || !net().isIPv4(host)) return undefined;
  return [[AF_INET, SOCK_STREAM, IPPROTO_TCP, '', inetAddress(host, port)]];
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) >= 0 && (port as number) <= LAST_PORT;
}
