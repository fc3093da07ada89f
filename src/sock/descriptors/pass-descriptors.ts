import { checkIterable } from '../../base/check-types.ts';
import { checkWhole } from '../../base/numbers.ts';
import type { Received } from '../../base/values/bytes.ts';
import type { Address, AddressInput } from '../addresses/address.ts';
import { SOL_SOCKET } from '../constants/constants.ts';
import { CMSG_LEN } from '../messages/ancillary.ts';
import { SCM_RIGHTS } from '../messages/flags.ts';
import type { Socket } from '../socket.ts';

/** The size of a C `int`, in bytes. */
const INT = 4;

/**
 * Sends descriptors over an AF_UNIX socket, along with some bytes. The receiver gets duplicates.
 *
 * @param buffers - at least one byte; otherwise no descriptor arrives
 * @throws like {@link Socket.sendmsg}; {OSError} EINVAL for more than 253
 * @see Python's `socket.send_fds()`, https://docs.python.org/3/library/socket.html#socket.send_fds
 */
export function sendFds(
  sock: Socket,
  buffers: Iterable<Uint8Array>,
  fds: Iterable<number>,
  flags: number = 0,
  address?: AddressInput,
): number {
  checkIterable(fds, 'sendFds(): fds');
  const list = [...fds];
  for (const fd of list) checkWhole(fd, -0x80000000, 0x7fffffff, 'sendFds(): a descriptor');
  return sock.sendmsg(buffers, [[SOL_SOCKET, SCM_RIGHTS, Int32Array.from(list)]], flags, address);
}

/**
 * Receives descriptors, along with bytes. The caller owns the descriptors: `close()` them, or adopt
 * one with `socket(-1, -1, -1, { fileno })`. Child processes do not inherit them.
 *
 * @param maxfds - the most descriptors to receive; others are closed, and `MSG_CTRUNC` says so
 * @throws like {@link Socket.recvmsg}
 * @see Python's `socket.recv_fds()`, https://docs.python.org/3/library/socket.html#socket.recv_fds
 */
export function recvFds(
  sock: Socket,
  bufsize: number,
  maxfds: number,
  flags: number = 0,
): [data: Received, fds: number[], flags: number, address: Address | undefined] {
  checkWhole(maxfds, 0, 0xfffffff, 'recvFds(): maxfds');
  const [data, ancdata, msgFlags, address] = sock.recvmsg(bufsize, CMSG_LEN(maxfds * INT), flags);
  const fds: number[] = [];
  for (const [level, type, bytes] of ancdata)
    if (level === SOL_SOCKET && type === SCM_RIGHTS)
      for (let at = 0; at + INT <= bytes.length; at += INT) fds.push(bytes.readInt32LE(at));
  return [data, fds, msgFlags, address];
}
