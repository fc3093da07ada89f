import type { LookupAddress } from 'node:dns';
import { checkNoNull, checkText } from '../base/check-types.ts';
import { fromNodeError, osError } from '../base/errors/os-errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { dns, lazily } from '../base/node-modules.ts';
import { checkWhole } from '../base/numbers.ts';
import { brief } from '../base/printing/repr.ts';
import { Operation } from '../core/futures/operation.ts';
import { describeAs, type WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { type Address, inet6Address, inetAddress } from '../sock/addresses/address.ts';
import { type NumericHost, numericHost, withZone } from '../sock/addresses/numeric-host.ts';
import { portOfService, serviceOfPort } from '../sock/addresses/services.ts';
import { simulatedSystem } from '../sock/addresses/simulated-system.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NI_DGRAM,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../sock/constants/constants.ts';

/** One address of a host, as Python's `getaddrinfo()` returns it. */
export type AddressInfo = readonly [
  family: number,
  type: number,
  proto: number,
  canonname: string,
  sockaddr: Address,
];

/** What `getaddrinfo()` should return; 0 means any. */
export interface AddressInfoOptions {
  /** AF_INET, AF_INET6; 0 for both. */
  readonly family?: number | undefined;
  /** SOCK_STREAM, SOCK_DGRAM; 0 for both. */
  readonly type?: number | undefined;
  /** IPPROTO_TCP, IPPROTO_UDP; 0 for both. */
  readonly proto?: number | undefined;
  /** AI_PASSIVE: for bind(), no host means any; AI_NUMERICHOST: no look-up. */
  readonly flags?: number | undefined;
}

/** The names of protocols in the services file. */
const PROTOCOLS: Readonly<Record<number, string>> = { [IPPROTO_TCP]: 'tcp', [IPPROTO_UDP]: 'udp' };

/** The socket types to return if none is requested. */
const KINDS: readonly (readonly [type: number, proto: number])[] = [
  [SOCK_STREAM, IPPROTO_TCP],
  [SOCK_DGRAM, IPPROTO_UDP],
];

/** The flags that systems know, including those without a name here. */
const ADDRINFO_FLAGS = 0x7ff;
const NAMEINFO_FLAGS = 0x1ff;

/** The hints that Node passes on to the system, by our flags. */
const hintsByFlag = lazily((): [flag: number, hint: number][] => [
  [AI_ADDRCONFIG, dns().ADDRCONFIG],
  [AI_V4MAPPED, dns().V4MAPPED],
  [AI_ALL, dns().ALL],
]);

/** A numeric host and its zone. */
interface Found extends LookupAddress {
  readonly scopeid?: number;
}

/** A look-up of a host. When cancelled, its result is dropped, but the system finishes it. */
export class GetAddrInfo extends Operation<AddressInfo[]> {
  readonly #host: string | undefined;

  constructor(
    loop: LoopCore,
    host: string | undefined,
    port: number | string | undefined,
    { family = AF_UNSPEC, type = 0, proto = 0, flags = 0 }: AddressInfoOptions = {},
  ) {
    super(loop._asOption);
    this.#host = host;
    checkHost(host);
    for (const [name, value] of Object.entries({ family, type, proto, flags }))
      checkWhole(value, -0x80000000, 0x7fffffff, `getaddrinfo(): ${name}`);
    const number = portOf(port);
    const kinds = KINDS.filter(
      ([t, p]) => (type === 0 || t === type) && (proto === 0 || p === proto),
    );
    const served = kinds.flatMap(([t, p]): [number, number, number][] => {
      const its = number ?? portOfService(String(port), PROTOCOLS[p] ?? '');
      return its === undefined ? [] : [[t, p, its]];
    });
    const finish = (addresses: readonly Found[]): void => {
      if (this.done()) return;
      this._finish(addresses.flatMap((address) => served.map((kind) => info(address, kind))));
    };
    try {
      const refused =
        refusal(host, port, family, flags) ??
        (kinds.length === 0
          ? type === 0 && port !== undefined
            ? 'EAI_SERVICE'
            : 'EAI_SOCKTYPE'
          : undefined) ??
        (served.length === 0 ? 'EAI_SERVICE' : undefined);
      if (refused !== undefined) throw osError(refused, 'getaddrinfo');
      const known = withoutLookUp(host, family, flags);
      if (known !== undefined) finish(known);
      else this.#lookUp(host as string, family, flags, finish);
    } catch (error) {
      this._fail(error);
    }
  }

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: 'getaddrinfo', on: this.#host };
  }

  #lookUp(
    host: string,
    family: number,
    flags: number,
    finish: (addresses: readonly Found[]) => void,
  ): void {
    const simulated = simulatedSystem();
    if (simulated !== undefined) {
      simulated.lookUp(host, family, finish, (error) => {
        if (!this.done()) this._fail(error);
      });
      return;
    }
    const wanted = hintsByFlag().filter(([flag]) => (flags & flag) !== 0);
    const hints = wanted.reduce((sum, [, hint]) => sum | hint, 0);
    const nodeFamily = family === AF_INET ? 4 : family === AF_INET6 ? 6 : 0;
    dns().lookup(host, { all: true, family: nodeFamily, hints }, (error, addresses) => {
      if (error === null) finish(addresses);
      else if (!this.done()) this._fail(fromNodeError(error));
    });
  }
}

/** The error for what the system refuses before it looks at the host, in the same order. */
function refusal(
  host: string | undefined,
  port: number | string | undefined,
  family: number,
  flags: number,
): string | undefined {
  if (host === undefined && port === undefined) return 'EAI_NONAME';
  if ((flags & ~ADDRINFO_FLAGS) !== 0) return 'EAI_BADFLAGS';
  if ((flags & AI_CANONNAME) !== 0 && host === undefined) return 'EAI_BADFLAGS';
  if (family !== AF_UNSPEC && family !== AF_INET && family !== AF_INET6) return 'EAI_FAMILY';
  const isNamed = typeof port === 'string' && port !== '' && !NUMERIC_PORT.test(port);
  return isNamed && (flags & AI_NUMERICSERV) !== 0 ? 'EAI_NONAME' : undefined;
}

/**
 * @throws {gaierror} for a numeric host of the wrong kind, and for a name if only numeric hosts are
 *   allowed
 */
function withoutLookUp(
  host: string | undefined,
  family: number,
  flags: number,
): Found[] | undefined {
  if (host === undefined) {
    const any = { address: '0.0.0.0', family: 4 };
    const both =
      (flags & AI_PASSIVE) !== 0
        ? [any, { address: '::', family: 6 }]
        : [
            { address: '::1', family: 6 },
            { address: '127.0.0.1', family: 4 },
          ];
    const wanted = family === AF_INET ? 4 : 6;
    return both.filter((each) => family === AF_UNSPEC || each.family === wanted);
  }
  const found = mapped(host, family, flags) ?? numericHost(family, host);
  if (found !== undefined)
    return [
      { address: found.host, family: found.family === AF_INET ? 4 : 6, scopeid: found.scopeid },
    ];
  if (host !== '' && (flags & AI_NUMERICHOST) === 0) return undefined;
  throw osError('EAI_NONAME', 'getaddrinfo');
}

/** The numeric host in the form of the other family, if requested and possible. */
function mapped(host: string, family: number, flags: number): NumericHost | undefined {
  if (host.includes('%')) return undefined;
  const numeric = numericHost(AF_UNSPEC, host);
  if (numeric?.family === AF_INET && family === AF_INET6 && (flags & AI_V4MAPPED) !== 0)
    return { family, host: `::ffff:${numeric.host}`, scopeid: 0 };
  const [, four] = /^::ffff:([\d.]+)$/.exec(numeric?.host ?? '') ?? [];
  return four !== undefined && family === AF_INET ? { family, host: four, scopeid: 0 } : undefined;
}

/** A look-up of the names of a host and a service. */
export class GetNameInfo extends Operation<[host: string, service: string]> {
  readonly #flags: number;
  readonly #host: string;
  readonly #port: number;

  constructor(
    loop: LoopCore,
    address: readonly [host: string, port: number, ...rest: unknown[]],
    flags = 0,
  ) {
    super(loop._asOption);
    describeAs(this, 'getnameinfo', address);
    const [host, port, flowinfo = 0, scopeid = 0] = Array.isArray(address) ? address : [];
    if (typeof host !== 'string' || typeof port !== 'number')
      throw typeError(`getnameinfo(): sockaddr must be [host, port], got ${brief(address)}`);
    checkNoNull(host, 'getnameinfo(): the host');
    checkWhole(port, 0, 65_535, 'getnameinfo(): the port');
    checkWhole(flowinfo, 0, 0xfffff, 'getnameinfo(): flowinfo');
    checkWhole(scopeid, 0, 0xffffffff, 'getnameinfo(): scopeid');
    checkWhole(flags, -0x80000000, 0x7fffffff, 'getnameinfo(): flags');
    this.#flags = flags;
    this.#port = port;
    let number = '';
    try {
      const numeric = numericHost(AF_UNSPEC, host);
      if (numeric === undefined) throw osError('EAI_NONAME', 'getnameinfo');
      if ((flags & ~NAMEINFO_FLAGS) !== 0) throw osError('EAI_BADFLAGS', 'getnameinfo');
      const contrary = NI_NUMERICHOST | NI_NAMEREQD;
      if ((flags & contrary) === contrary) throw osError('EAI_NONAME', 'getnameinfo');
      number = numeric.host;
      this.#host = withZone(number, scopeid || numeric.scopeid);
    } catch (error) {
      this.#host = '';
      this._fail(error);
      return;
    }
    const failed = (error: unknown): void => {
      if (this.done()) return;
      if ((flags & NI_NAMEREQD) !== 0 || (error as NodeJS.ErrnoException).code !== 'ENOTFOUND')
        this._fail(fromNodeError(error));
      else this.#findService(this.#host);
    };
    const simulated = simulatedSystem();
    if ((flags & NI_NUMERICHOST) !== 0) this.#findService(this.#host);
    else if (simulated !== undefined)
      simulated.lookUpName(number, (name) => this.#findService(name), failed);
    else
      dns().lookupService(number, port, (error, name, service) => {
        if (error !== null) failed(error);
        else if (!this.done()) this.#finishWith(name, service);
      });
  }

  /** Node only looks up a service together with a host that has a name; this machine has one. */
  #findService(host: string): void {
    const port = this.#port;
    if ((this.#flags & NI_NUMERICSERV) !== 0) this.#finishWith(host, '');
    else if (simulatedSystem() !== undefined)
      this.#finishWith(host, serviceOfPort(port, 'tcp') ?? `${port}`);
    else
      dns().lookupService('127.0.0.1', port, (error, _name, service) => {
        if (!this.done()) this.#finishWith(host, error === null ? service : `${port}`);
      });
  }

  #finishWith(host: string, service: string): void {
    let name: string | undefined = service;
    if ((this.#flags & NI_NUMERICSERV) !== 0) name = undefined;
    // Node only knows the services of TCP.
    else if ((this.#flags & NI_DGRAM) !== 0) name = serviceOfPort(this.#port, 'udp');
    this._finish([host, name ?? String(this.#port)]);
  }
}

function info(
  { address, family, scopeid }: Found,
  [type, proto, port]: readonly [type: number, proto: number, port: number],
): AddressInfo {
  return family === 6
    ? [AF_INET6, type, proto, '', inet6Address(address, port, 0, scopeid)]
    : [AF_INET, type, proto, '', inetAddress(address, port)];
}

function checkHost(host: unknown): void {
  if (host === undefined) return;
  checkText(host, 'getaddrinfo(): host');
}

/** What the system accepts as a number: strtoul() reads it to its end. */
const NUMERIC_PORT = /^[\t-\r ]*[+-]?\d+$/;

/** The number of a port; `undefined` for the name of a service. */
function portOf(port: number | string | undefined): number | undefined {
  if (port === undefined || port === '') return 0;
  let number = port;
  if (typeof port === 'string') {
    if (!NUMERIC_PORT.test(port)) return undefined;
    number = Number(port);
    // As in the system, where no service name starts like this.
    if (number < 0) return undefined;
  } else if (typeof port !== 'number')
    throw typeError(`port must be a number or a string, got ${brief(port)}`);
  checkWhole(number, 0, 65_535, 'port');
  return number === 0 ? 0 : number;
}
