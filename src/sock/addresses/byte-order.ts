import { endianness } from 'node:os';
import { checkWhole } from '../../base/numbers.ts';

const SWAPS = endianness() === 'LE';

function swapped16(x: unknown, what: string): number {
  checkWhole(x, 0, 0xffff, what);
  return SWAPS ? (x >> 8) | ((x & 0xff) << 8) : x;
}

function swapped32(x: unknown, what: string): number {
  checkWhole(x, 0, 0xffffffff, what);
  if (!SWAPS) return x;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(x);
  return bytes.readUInt32BE();
}

/** Turns 16 bits from this machine's byte order to the network's. */
export function htons(x: number): number {
  return swapped16(x, 'htons(): x');
}

/** Turns 16 bits from the network's byte order to this machine's. */
export function ntohs(x: number): number {
  return swapped16(x, 'ntohs(): x');
}

/** Turns 32 bits from this machine's byte order to the network's. */
export function htonl(x: number): number {
  return swapped32(x, 'htonl(): x');
}

/** Turns 32 bits from the network's byte order to this machine's. */
export function ntohl(x: number): number {
  return swapped32(x, 'ntohl(): x');
}
