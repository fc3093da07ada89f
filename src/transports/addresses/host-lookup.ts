import { OSError } from '../../base/errors/os-errors.ts';
import { net } from '../../base/node-modules.ts';
import { checkWhole } from '../../base/numbers.ts';
import { asBuffer, isUint8Array } from '../../base/values/bytes.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import {
  type Address,
  inet6Address,
  inetAddress,
  LAST_PORT,
} from '../../sock/addresses/address.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../../sock/constants/constants.ts';

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
 * Looks a host up, unless it is a numeric address and the port a number: as in asyncio, the loop's
 * `getaddrinfo()` is not called for those.
 *
 * @param host - bytes count as text, also in `port`
 * @param scope - the flowinfo and scopeid of a numeric IPv6 address
 * @returns a promise only if there is something to wait for
 * @throws {OSError} when it has no address
 * @see asyncio's `BaseEventLoop._ensure_resolved()`, `Lib/asyncio/base_events.py`
 */
export function lookUp(
  loop: ResolvingLoop,
  host: string | undefined,
  port: number | string | undefined,
  hints: LookupHints,
  call = 'getaddrinfo()',
  scope: readonly (number | undefined)[] = [],
): readonly ResolvedAddress[] | Promise<readonly ResolvedAddress[]> {
  checkWhole(hints.flags, -0x80000000, 0x7fffffff, 'getaddrinfo(): flags');
  const [name, service] = [asText(host), asText(port)];
  const literal = literalAddress(name, service, hints, scope);
  return literal === undefined ? askLoop(loop, name, service, hints, call) : [literal];
}

async function askLoop(
  loop: ResolvingLoop,
  host: string | undefined,
  port: number | string | undefined,
  hints: LookupHints,
  call: string,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await loop.getaddrinfo(host, port, hints);
  if (addresses.length > 0) return addresses;
  throw new OSError(`${call} returned empty list`);
}

/** asyncio's `_ipaddr_info()`, which ignores the flags. */
function literalAddress(
  host: string | undefined,
  port: number | string | undefined,
  { family, type, proto }: LookupHints,
  scope: readonly (number | undefined)[],
): ResolvedAddress | undefined {
  if (proto !== 0 && proto !== IPPROTO_TCP && proto !== IPPROTO_UDP) return undefined;
  if (type !== SOCK_STREAM && type !== SOCK_DGRAM) return undefined;
  const number = portNumber(port);
  if (number === undefined || typeof host !== 'string' || host.includes('%')) return undefined;
  const through = type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  const version = net().isIP(host);
  if (version === 4 && (family === 0 || family === AF_INET))
    return [AF_INET, type, through, '', inetAddress(host, number)];
  if (version === 6 && (family === 0 || family === AF_INET6))
    return [AF_INET6, type, through, '', inet6Address(host, number, scope[0], scope[1])];
  return undefined;
}

/** A port, in the forms that Python's `int()` accepts; `undefined` for anything else. */
export function portNumber(port: number | string | undefined): number | undefined {
  if (port === undefined || port === '') return 0;
  const isText = typeof port === 'string';
  if (isText && !/^\s*\+?\d+(?:_\d+)*\s*$/.test(port)) return undefined;
  const number = isText ? Number(port.replaceAll('_', '')) : port;
  return Number.isInteger(number) && number >= 0 && number <= LAST_PORT ? number : undefined;
}

/** Bytes count as text. */
export function asText<Value>(value: Value): Value | string {
  return isUint8Array(value) ? String(asBuffer(value)) : value;
}
