import { type LookupAddress, lookup, lookupService } from 'node:dns';
import { isIPv4, isIPv6 } from 'node:net';
import { fromNodeError, osError } from '../base/os-errors.ts';
import { repr } from '../base/repr.ts';
import type { LoopCore } from '../core/loop-core.ts';
import { Operation } from '../core/operation.ts';
import { type Address, inet6Address, inetAddress } from '../sock/address.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  AI_NUMERICHOST,
  AI_PASSIVE,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../sock/constants.ts';

/** One way to reach a host, as Python's `getaddrinfo()` has it. */
export type AddressInfo = readonly [
  family: number,
  type: number,
  proto: number,
  canonname: string,
  sockaddr: Address,
];

/** What `getaddrinfo()` is asked for; 0 is anything. */
export interface AddressInfoOptions {
  /** AF_INET, AF_INET6; 0: both. */
  readonly family?: number | undefined;
  /** SOCK_STREAM, SOCK_DGRAM; 0: both. */
  readonly type?: number | undefined;
  /** IPPROTO_TCP, IPPROTO_UDP; 0: both. */
  readonly proto?: number | undefined;
  /** AI_PASSIVE: for bind(), where no host means any; AI_NUMERICHOST: no look-up. */
  readonly flags?: number | undefined;
}

/** Kinds of sockets that a host is reached with, where none is asked for. */
const KINDS: readonly (readonly [type: number, proto: number])[] = [
  [SOCK_STREAM, IPPROTO_TCP],
  [SOCK_DGRAM, IPPROTO_UDP],
];

/** Does a host need no look-up in this family? */
export function isNumericHost(family: number, host: string): boolean {
  return host === '' || (family === AF_INET6 ? isIPv6(host) : isIPv4(host));
}

/** A look-up of a name. Cancelled, it is not waited for any more; the system finishes it. */
export class GetAddrInfo extends Operation<AddressInfo[]> {
  constructor(
    loop: LoopCore,
    host: string | undefined,
    port: number | string | undefined,
    { family = AF_UNSPEC, type = 0, proto = 0, flags = 0 }: AddressInfoOptions = {},
  ) {
    super(loop._asOption);
    if (host !== undefined && typeof host !== 'string')
      throw new TypeError(`getaddrinfo(): host must be a string, got ${repr(host)}`);
    const number = portNumber(port);
    if (number === undefined) {
      this._fail(osError('EAI_SERVICE', 'getaddrinfo'));
      return;
    }
    const kinds = KINDS.filter(
      ([t, p]) => (type === 0 || t === type) && (proto === 0 || p === proto),
    );
    const finish = (addresses: readonly LookupAddress[]): void => {
      if (this.done()) return;
      const infos = addresses.flatMap((address) =>
        kinds.map((kind) => info(address, number, kind)),
      );
      if (infos.length > 0) this._finish(infos);
      else this._fail(osError('EAI_SOCKTYPE', 'getaddrinfo'));
    };
    const known = withoutLookUp(host, family, flags);
    if (known !== undefined) {
      finish(known);
      return;
    }
    if ((flags & AI_NUMERICHOST) !== 0) {
      this._fail(osError('EAI_NONAME', 'getaddrinfo'));
      return;
    }
    const nodeFamily = family === AF_INET ? 4 : family === AF_INET6 ? 6 : 0;
    lookup(host as string, { all: true, family: nodeFamily }, (error, addresses) => {
      if (error === null) finish(addresses);
      else if (!this.done()) this._fail(fromNodeError(error));
    });
  }
}

/** The name of a host and of a service, for an address. */
export class GetNameInfo extends Operation<[host: string, service: string]> {
  constructor(loop: LoopCore, address: readonly [string, number, ...unknown[]], flags = 0) {
    super(loop._asOption);
    const [host, port] = Array.isArray(address) ? address : [];
    if (typeof host !== 'string' || typeof port !== 'number')
      throw new TypeError(`getnameinfo(): sockaddr must be [host, port], got ${repr(address)}`);
    if ((flags & NI_NUMERICHOST) !== 0 && (flags & NI_NUMERICSERV) !== 0) {
      this._finish([host, String(port)]);
      return;
    }
    lookupService(host, port, (error, name, service) => {
      if (this.done()) return;
      if (error !== null) this._fail(fromNodeError(error));
      else
        this._finish([
          (flags & NI_NUMERICHOST) !== 0 ? host : name,
          (flags & NI_NUMERICSERV) !== 0 ? String(port) : service,
        ]);
    });
  }
}

function withoutLookUp(
  host: string | undefined,
  family: number,
  flags: number,
): LookupAddress[] | undefined {
  const wanted = (address: LookupAddress): boolean =>
    family === AF_UNSPEC || (family === AF_INET ? 4 : 6) === address.family;
  if (host === undefined || host === '') {
    const any = (flags & AI_PASSIVE) !== 0;
    return [
      { address: any ? '0.0.0.0' : '127.0.0.1', family: 4 },
      { address: any ? '::' : '::1', family: 6 },
    ].filter(wanted);
  }
  if (isIPv4(host)) return [{ address: host, family: 4 }].filter(wanted);
  if (isIPv6(host)) return [{ address: host, family: 6 }].filter(wanted);
  return undefined;
}

function info(
  { address, family }: LookupAddress,
  port: number,
  [type, proto]: readonly [number, number],
): AddressInfo {
  return family === 6
    ? [AF_INET6, type, proto, '', inet6Address(address, port)]
    : [AF_INET, type, proto, '', inetAddress(address, port)];
}

/** The number of a port; `undefined` for the name of a service, which Node cannot look up. */
function portNumber(port: number | string | undefined): number | undefined {
  const number = port === undefined ? 0 : Number(port);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  if (typeof port === 'string' && Number.isNaN(number)) return undefined;
  throw new RangeError(`port must be a whole number from 0 to 65535, got ${repr(port)}`);
}
