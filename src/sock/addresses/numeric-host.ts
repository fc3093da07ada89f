import { osError } from '../../base/errors/os-errors.ts';
import { net } from '../../base/node-modules.ts';
import { AF_INET, AF_INET6 } from '../constants/constants.ts';
import { zoneIndex, zoneName } from './zones.ts';

/** A host given as a numeric address. */
export interface NumericHost {
  readonly family: number;
  /** The address as systems print it, without a zone. */
  readonly host: string;
  /** The number of the zone; 0 if it has none. */
  readonly scopeid: number;
}

/** The last host that was parsed: datagrams tend to go to the same host. */
let last: { readonly text: string; readonly numeric: NumericHost | undefined } | undefined;

/** Is `host` a numeric address of the family, without a zone? Zones have to be looked up. */
export function isNumericHost(family: number, host: string): boolean {
  return family === AF_INET6 ? net().isIPv6(host) && !host.includes('%') : net().isIPv4(host);
}

/**
 * Parses a numeric host like getaddrinfo(): IPv4 also in the short, octal and hexadecimal forms of
 * inet_aton(), IPv6 also with a zone.
 *
 * @param family - the wanted one; AF_UNSPEC for any
 * @returns `undefined` if it is a name
 * @throws {gaierror} EAI_ADDRFAMILY for an address of another family, EAI_NONAME for an unknown
 *   zone
 */
export function numericHost(family: number, text: string): NumericHost | undefined {
  const at = text.indexOf('%');
  const number = at < 0 ? text : text.slice(0, at);
  if (last?.text !== number) last = { text: number, numeric: parse(number) };
  const { numeric } = last;
  if (numeric === undefined || (at >= 0 && numeric.family !== AF_INET6)) return undefined;
  if (family !== 0 && family !== numeric.family) throw osError('EAI_ADDRFAMILY', 'getaddrinfo');
  return at < 0 ? numeric : { ...numeric, scopeid: scopeOf(numeric.host, text.slice(at + 1)) };
}

/** An IPv6 address with the name of its zone, if it has one, as getnameinfo() prints it. */
export function withZone(host: string, scopeid: number): string {
  if (scopeid === 0) return host;
  return `${host}%${(needsZone(host) && zoneName(scopeid)) || scopeid}`;
}

/** Is it a link-local or interface-local address, which means nothing without its zone? */
export function needsZone(host: string): boolean {
  return /^(fe[89ab].|ff.[12]):/i.test(host);
}

/** @throws {gaierror} EAI_NONAME when there is no such zone */
function scopeOf(host: string, zone: string): number {
  const index = needsZone(host) ? zoneIndex(zone) : undefined;
  if (index !== undefined) return index;
  if (/^\d+$/.test(zone) && Number(zone) <= 0xffffffff) return Number(zone);
  throw osError('EAI_NONAME', 'getaddrinfo');
}

function parse(text: string): NumericHost | undefined {
  if (net().isIPv4(text)) return { family: AF_INET, host: text, scopeid: 0 };
  if (net().isIPv6(text))
    return { family: AF_INET6, host: inet6Text(inet6Groups(text)), scopeid: 0 };
  const host = dottedForm(text);
  return host === undefined ? undefined : { family: AF_INET, host, scopeid: 0 };
}

/** The dotted form of anything that inet_aton() accepts: `127.1`, `0x7f000001`, `0177.0.0.01`. */
export function dottedForm(text: string): string | undefined {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(part)))
    return undefined;
  const numbers = parts.map((part) =>
    /^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part),
  );
  // The last number fills all remaining bytes.
  const rest = numbers.pop() as number;
  if (rest >= 256 ** (4 - numbers.length) || numbers.some((number) => number > 255))
    return undefined;
  for (let left = 3 - numbers.length; left >= 0; left -= 1)
    numbers.push(Math.floor(rest / 256 ** left) % 256);
  return numbers.join('.');
}

/** The eight groups of an IPv6 address. */
export function inet6Groups(text: string): number[] {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes) => {
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail] = plain
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))));
  if (tail === undefined) return head;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/**
 * Prints the eight groups of an IPv6 address like inet_ntop(), without the longest run of zeros.
 */
export function inet6Text(groups: readonly number[]): string {
  let [from, most] = [0, 1];
  for (let at = 0; at < 8; at += 1) {
    let end = at;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - at > most) [from, most] = [at, end - at];
  }
  const print = (some: readonly number[]): string =>
    some.map((group) => group.toString(16)).join(':');
  if (most === 1) return print(groups);
  const head = print(groups.slice(0, from));
  const tail = groups.slice(from + most);
  // An IPv4-mapped or IPv4-compatible address ends in dotted form.
  const mapped = from === 0 && (most === 6 || (most === 5 && tail[0] === 0xffff));
  if (!mapped) return `${head}::${print(tail)}`;
  const [high, low] = tail.slice(-2) as [number, number];
  const dotted = [high >> 8, high & 255, low >> 8, low & 255].join('.');
  return most === 5 ? `::ffff:${dotted}` : `::${dotted}`;
}
