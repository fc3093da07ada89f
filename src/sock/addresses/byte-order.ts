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

/** Converts 16 bits from host to network byte order. */
export function htons(x: number): number {
  return swapped16(x, 'htons(): x');
}

/** Converts 16 bits from network to host byte order. */
export function ntohs(x: number): number {
  return swapped16(x, 'ntohs(): x');
}

/** Converts 32 bits from host to network byte order. */
export function htonl(x: number): number {
  return swapped32(x, 'htonl(): x');
}

/** Converts 32 bits from network to host byte order. */
export function ntohl(x: number): number {
  return swapped32(x, 'ntohl(): x');
}
