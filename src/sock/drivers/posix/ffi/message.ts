import { osError } from '../../../../base/errors/os-errors.ts';
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC } from '../../../messages/flags.ts';
import { errno } from './errno.ts';
import { addressOf, libc, MSG_NOSIGNAL } from './libc.ts';
import { storage, storageLength } from './sockaddr.ts';

/**
 * recvmsg() and sendmsg(), by a `struct msghdr` with one piece of memory.
 *
 * Over AF_UNIX something that comes along with the bytes ends a receive, whatever comes behind it:
 * descriptors (SCM_RIGHTS), or with SO_PASSCRED the credentials of another sender. Where nobody
 * takes these the kernel drops them, and says so with MSG_CTRUNC.
 */

/** Is `struct msghdr` as it is written here? */
const IS_KNOWN =
  process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

// struct msghdr, and its one struct iovec behind it, in 32-bit words. More than 64 bytes: shorter
// arrays V8 may move.
const NAME = 0;
const NAME_LENGTH = 2;
const IOVEC = 4;
const IOVEC_COUNT = 6;
const CONTROL = 8;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const BASE = 14;
const LENGTH = 16;
const WORDS = 18;
const WORD = 2 ** 32;

interface Header {
  readonly words: Uint32Array;
  readonly address: number;
}

/** Of receives that want bytes alone: nothing else is ever written to it. */
let plain: Header | undefined;

/** Did something come along with what {@link receiveMessage} received last? True where unknown. */
export let cameAlong = true;

/**
 * As recv(), and sets {@link cameAlong}.
 *
 * @param address - of memory that outlives the call
 */
export function receiveMessage(fd: number, address: number, nbytes: number): number {
  const { recvAt, recvmsg } = libc();
  if (!IS_KNOWN || recvmsg === undefined) return recvAt(fd, address, nbytes, 0);
  plain ??= makeHeader();
  const { words } = plain;
  point(words, BASE, address);
  words[LENGTH] = nbytes;
  words[LENGTH + 1] = Math.floor(nbytes / WORD);
  const received = recvmsg(fd, plain.address, 0);
  cameAlong = ((words[FLAGS] as number) & MSG_CTRUNC) !== 0;
  return received;
}

/** What recvmsg() gave, beside what it wrote to the memory. */
interface Outcome {
  /** -1: it failed. */
  readonly received: number;
  /** Why. */
  readonly why: number;
  readonly flags: number;
  readonly controlLength: number;
}

/** recvmsg(), with all that can come along; the sender's address is in {@link storage}. */
export function receiveWhole(
  fd: number,
  view: Uint8Array,
  control: Uint8Array,
  flags: number,
): Outcome {
  const { words, address } = headerOf(view, control, 'recvmsg');
  point(words, NAME, addressOf(storage));
  words[NAME_LENGTH] = storage.length;
  // No descriptor is ever left to child processes.
  const received = fullLibc().recvmsg(fd, address, flags | MSG_CMSG_CLOEXEC);
  const why = errno[0];
  storageLength.writeUInt32LE(words[NAME_LENGTH], 0);
  return {
    received,
    why,
    flags: (words[FLAGS] as number) & (~MSG_CMSG_CLOEXEC | flags),
    controlLength: words[CONTROL_LENGTH] as number,
  };
}

/**
 * sendmsg().
 *
 * @param nameLength - of the address in {@link storage}; 0: to the peer
 */
export function sendWhole(
  fd: number,
  data: Uint8Array,
  control: Uint8Array,
  flags: number,
  nameLength: number,
): number {
  const { words, address } = headerOf(data, control, 'sendmsg');
  if (nameLength > 0) point(words, NAME, addressOf(storage));
  words[NAME_LENGTH] = nameLength;
  return fullLibc().sendmsg(fd, address, flags | MSG_NOSIGNAL);
}

function headerOf(data: Uint8Array, control: Uint8Array, syscall: string): Header {
  if (!IS_KNOWN)
    throw osError('EOPNOTSUPP', syscall, {
      strerror: 'Operation not supported (flags and messages are known of Linux alone)',
    });
  const header = makeHeader();
  const { words } = header;
  if (data.length > 0) point(words, BASE, addressOf(data));
  words[LENGTH] = data.length;
  words[LENGTH + 1] = Math.floor(data.length / WORD);
  if (control.length > 0) point(words, CONTROL, addressOf(control));
  words[CONTROL_LENGTH] = control.length;
  return header;
}

function fullLibc(): Required<ReturnType<typeof libc>> {
  return libc() as Required<ReturnType<typeof libc>>;
}

function makeHeader(): Header {
  const words = new Uint32Array(WORDS);
  const address = addressOf(words);
  point(words, IOVEC, address + BASE * 4);
  words[IOVEC_COUNT] = 1;
  return { words, address };
}

/** Writes a pointer. */
function point(words: Uint32Array, at: number, address: number): void {
  words[at] = address;
  words[at + 1] = Math.floor(address / WORD);
}
