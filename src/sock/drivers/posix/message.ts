import { addressOf, libc } from './libc.ts';

/**
 * Receives by recvmsg(), which tells what recv() does not: that something came along with the bytes.
 *
 * Over AF_UNIX that ends a receive, whatever comes behind it: descriptors (SCM_RIGHTS), or with
 * SO_PASSCRED the credentials of another sender. Nobody here can take these, so the kernel drops
 * them, and says so with MSG_CTRUNC.
 */

/** Is `struct msghdr` as it is written here? */
const IS_KNOWN =
  process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

const MSG_CTRUNC = 0x8;

// struct msghdr, and its one struct iovec behind it, in 32-bit words. More than 64 bytes: shorter
// arrays V8 may move.
const IOVEC = 4;
const IOVEC_COUNT = 6;
const FLAGS = 12;
const BASE = 14;
const LENGTH = 16;
const WORDS = 18;
const WORD = 2 ** 32;

let header: Uint32Array | undefined;
let headerAddress = 0;

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
  header ??= makeHeader();
  header[BASE] = address;
  header[BASE + 1] = Math.floor(address / WORD);
  header[LENGTH] = nbytes;
  header[LENGTH + 1] = Math.floor(nbytes / WORD);
  const received = recvmsg(fd, headerAddress, 0);
  cameAlong = ((header[FLAGS] as number) & MSG_CTRUNC) !== 0;
  return received;
}

function makeHeader(): Uint32Array {
  const made = new Uint32Array(WORDS);
  headerAddress = addressOf(made);
  const iovec = headerAddress + BASE * 4;
  made[IOVEC] = iovec;
  made[IOVEC + 1] = Math.floor(iovec / WORD);
  made[IOVEC_COUNT] = 1;
  return made;
}
