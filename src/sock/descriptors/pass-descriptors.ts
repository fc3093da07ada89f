import { checkWhole } from '../../base/numbers.ts';
import type { Received } from '../../base/values/bytes.ts';
import type { Address, AddressInput } from '../addresses/address.ts';
import { SOL_SOCKET } from '../constants/constants.ts';
import { CMSG_LEN } from '../messages/ancillary.ts';
import { checkIterable } from '../messages/buffers.ts';
import { SCM_RIGHTS } from '../messages/flags.ts';
import type { Socket } from '../socket.ts';

/** Bytes of a C `int`. */
const INT = 4;

/**
 * Sends descriptors over a socket of AF_UNIX, beside some bytes. The receiver gets duplicates of them.
 *
 * @param buffers - at least one byte, or no descriptor arrives
 * @throws as {@link Socket.sendmsg}; {OSError} EINVAL for more than 253
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
 * Receives descriptors, and bytes beside them. The descriptors are the caller's: to `close()`, or for
 * `socket(-1, -1, -1, { fileno })` to take up. Child processes do not inherit them.
 *
 * @param maxfds - the most descriptors to receive; others are closed, and `MSG_CTRUNC` says so
 * @throws as {@link Socket.recvmsg}
 * @see Python's `socket.recv_fds()`, https://docs.python.org/3/library/socket.html#socket.recv_fds
 */
export function recvFds(
  sock: Socket,
  bufsize: number,
  maxfds: number,
  flags: number = 0,
): [data: Received, fds: number[], flags: number, address: Address | undefined] {
  checkWhole(maxfds, 0, 0xfffffff, 'recvFds(): maxfds');
  const [data, ancdata, told, address] = sock.recvmsg(bufsize, CMSG_LEN(maxfds * INT), flags);
  const fds: number[] = [];
  for (const [level, type, bytes] of ancdata)
    if (level === SOL_SOCKET && type === SCM_RIGHTS)
      for (let at = 0; at + INT <= bytes.length; at += INT) fds.push(bytes.readInt32LE(at));
  return [data, fds, told, address];
}
