import { osError } from '../../../../base/errors/os-errors.ts';
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC } from '../../../messages/flags.ts';
import { errno } from './errno.ts';
import { addressOf, libc, MSG_NOSIGNAL } from './libc.ts';
import { storage, storageLength } from './sockaddr.ts';

/**
 * recvmsg() and sendmsg(), with a `struct msghdr` that has one buffer.
 *
 * Over AF_UNIX, ancillary data ends a receive, even if more bytes follow: descriptors (SCM_RIGHTS),
 * or with SO_PASSCRED the credentials of another sender. If it is not received, the kernel drops it
 * and sets MSG_CTRUNC.
 */

/** Does `struct msghdr` have the layout that this file assumes? */
const IS_KNOWN =
  process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

// A struct msghdr followed by its one struct iovec, in 32-bit words. It is larger than 64 bytes,
// because V8 may move smaller arrays.
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

/** For receives that take only bytes; nothing else is ever written to it. */
let plain: Header | undefined;

/** Did ancillary data come with the last {@link receiveMessage}? True if unknown. */
export let hasAncillary = true;

/**
 * Like recv(), but also sets {@link hasAncillary}.
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
  hasAncillary = ((words[FLAGS] as number) & MSG_CTRUNC) !== 0;
  return received;
}

/** The result of recvmsg(), apart from what it wrote to memory. */
interface Outcome {
  /** -1 on failure. */
  readonly received: number;
  /** The errno of the failure. */
  readonly why: number;
  readonly flags: number;
  readonly controlLength: number;
}

/** recvmsg() with ancillary data and the sender's address, which is in {@link storage}. */
export function receiveWhole(
  fd: number,
  view: Uint8Array,
  control: Uint8Array,
  flags: number,
): Outcome {
  const { words, address } = headerOf(view, control, 'recvmsg');
  point(words, NAME, addressOf(storage));
  words[NAME_LENGTH] = storage.length;
  // Child processes never inherit descriptors.
  const received = fullLibc().recvmsg(fd, address, flags | MSG_CMSG_CLOEXEC);
  const why = errno[0];
  storageLength[0] = words[NAME_LENGTH];
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
 * @param nameLength - the length of the address in {@link storage}; 0 sends to the peer
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
      strerror: 'Operation not supported (flags and messages are supported only on Linux)',
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
