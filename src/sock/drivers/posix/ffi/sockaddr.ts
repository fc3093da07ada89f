import { Buffer } from 'node:buffer';
import { osError } from '../../../../base/errors/os-errors.ts';
import { type Address, inet6Address, inetAddress } from '../../../addresses/address.ts';
import { inet6Text } from '../../../addresses/numeric-host.ts';
import { AF_INET, AF_INET6 } from '../../../constants/constants.ts';
import { kernel } from './kernel.ts';
import { libc } from './libc.ts';

/** The size of `struct sockaddr_storage`, the longest address. */
const STORAGE = 128;

/**
 * An address that the kernel wrote or will read. Shared, because every call is done when it
 * returns.
 */
export const storage: Buffer = Buffer.alloc(STORAGE);

/** The same in 32-bit words. */
const words = new Uint32Array(storage.buffer, storage.byteOffset, STORAGE / 4);

/** The length of the address, a `socklen_t`. */
export const storageLength: Uint32Array = new Uint32Array(1);

/** Prepares for the kernel to write an address. */
export function expectAddress(): void {
  storageLength[0] = STORAGE;
}

/**
 * Writes an address for the kernel to read.
 *
 * @returns its length, in bytes
 * @throws {OSError} ENAMETOOLONG when a path does not fit
 * @throws {gaierror} EAI_NONAME when the host is not a numeric address of the family
 */
export function writeAddress(family: number, address: Address): number {
  if (typeof address === 'string') return writeFamily(family, writePath(address));
  // Not destructured, which would iterate.
  const { 0: host, 1: port, 2: flowinfo = 0, 3: scopeid = 0 } = address;
  storage[2] = port >> 8;
  storage[3] = port & 0xff;
  if (family === AF_INET) {
    words[1] = inetWord(host);
    words[2] = 0;
    words[3] = 0;
    return writeFamily(family, 16);
  }
  storage.writeUInt32BE(flowinfo, 4);
  writeHost(family, host, storage.subarray(8, 24));
  storage.writeUInt32LE(scopeid, 24);
  return writeFamily(family, 28);
}

/** The last IPv4 host that was written, because a program tends to use few. */
let hostWritten: string | undefined;
const hostWord = new Uint32Array(1);
const hostBytes = new Uint8Array(hostWord.buffer);

/** An IPv4 host as the kernel reads it, four bytes as one word. */
function inetWord(host: string): number {
  if (host !== hostWritten) {
    hostWritten = undefined;
    writeHost(AF_INET, host, hostBytes);
    hostWritten = host;
  }
  return hostWord[0] as number;
}

function writeHost(family: number, host: string, into: Uint8Array): void {
  // If it fails it writes nothing, and the previous address would remain.
  if (libc().inet_pton(kernel.familyOut(family), host, into) !== 1)
    throw osError('EAI_NONAME', 'getaddrinfo');
}

/** Writes the start of an address; returns the length. */
function writeFamily(family: number, length: number): number {
  const number = kernel.familyOut(family);
  storage[0] = kernel.addressHasLength ? length : number;
  storage[1] = kernel.addressHasLength ? number : 0;
  return length;
}

/** The family of the address that the kernel wrote; -1 if it is not one of ours. */
export function readFamily(): number {
  return kernel.familyIn(
    kernel.addressHasLength ? (storage[1] as number) : storage.readUInt16LE(0),
  );
}

function writePath(path: string): number {
  const bytes = Buffer.from(path);
  // A path ends with a zero; an abstract name starts with one, and needs none at its end.
  const abstract = kernel.abstractNames && path.startsWith('\0');
  if (bytes.length + (abstract ? 0 : 1) > kernel.pathSize)
    throw osError('ENAMETOOLONG', 'bind', { strerror: 'AF_UNIX path too long' });
  bytes.copy(storage, 2);
  if (!abstract) storage[2 + bytes.length] = 0;
  return 2 + bytes.length + (abstract ? 0 : 1);
}

/** Reads the address that the kernel wrote. */
export function readAddress(family: number): Address {
  const length = storageLength[0] as number;
  if (family === AF_INET) return inetAddress(inetHost(), storage.readUInt16BE(2));
  if (family === AF_INET6)
    return inet6Address(
      inet6Host(),
      storage.readUInt16BE(2),
      storage.readUInt32BE(4),
      storage.readUInt32LE(24),
    );
  if (length <= 2) return '';
  const path = storage.subarray(2, length);
  const end = kernel.abstractNames && path[0] === 0 ? -1 : path.indexOf(0);
  return path.toString('utf8', 0, end < 0 ? path.length : end);
}

/** The hosts that were read last, by their 32 bits: a server's connections share one string. */
const hosts = new Map<number, string>();
const MOST_HOSTS = 64;

function inetHost(): string {
  const bits = storage.readUInt32BE(4);
  let host = hosts.get(bits);
  if (host === undefined) {
    host = `${storage[4]}.${storage[5]}.${storage[6]}.${storage[7]}`;
    if (hosts.size === MOST_HOSTS) hosts.clear();
    hosts.set(bits, host);
  }
  return host;
}

/** The host, as inet_ntop() prints it. */
function inet6Host(): string {
  const groups: number[] = [];
  for (let at = 8; at < 24; at += 2) groups.push(storage.readUInt16BE(at));
  return inet6Text(groups);
}
