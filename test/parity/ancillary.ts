/** Random messages with ancillary data: what is received of them, with random room for it. */
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { OSError } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';

const STEPS = 150;
let state = 20261128;

function below(n: number): number {
  state = Number((BigInt(state) * 1103515245n + 12345n) % 2n ** 31n);
  return (state >> 8) % n;
}

function target(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That of the directory itself.
    return undefined;
  }
}

const openCount = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => target(fd) === '/dev/null').length;

function attempt<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof OSError)) throw error;
    return `OSError ${-(error.errno as number)}`;
  }
}

/** Prints items by what does not depend on the numbers of descriptors, and closes these. */
function received(ancdata: readonly socket.AncillaryData[]): string {
  return ancdata
    .map(([level, kind, data]) => {
      const text = `${level} ${kind} ${data.length}`;
      if (level !== socket.SOL_SOCKET) return `${text} ${data.toString('hex')}`;
      if (kind === socket.SCM_RIGHTS)
        for (let at = 0; at + 4 <= data.length; at += 4) socket.close(data.readInt32LE(at));
      return text;
    })
    .join(', ');
}

type Item = (fds: readonly number[]) => socket.AncillaryInput;

function rights(fds: readonly number[]): socket.AncillaryInput {
  const count = below(6);
  let data = Buffer.from(Int32Array.from(fds.slice(0, count)).buffer);
  if (below(6) === 0) data = Buffer.concat([data, Buffer.alloc(below(4))]);
  return [socket.SOL_SOCKET, socket.SCM_RIGHTS, data];
}

function number(): Buffer {
  const size = below(8) ? 4 : below(9);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(1 + below(60));
  return bytes.subarray(0, size);
}

function ofIpv6(): socket.AncillaryInput {
  const kinds = [socket.IPV6_HOPLIMIT, socket.IPV6_TCLASS, 99];
  const kind = kinds[(below(20) && below(2)) || below(3)] as number;
  return [socket.IPPROTO_IPV6, kind, number()];
}

function ofIpv4(): socket.AncillaryInput {
  const kind = [2, 1, socket.IP_RETOPTS][below(10) && below(2)] as number;
  return [socket.IPPROTO_IP, kind, number()];
}

function udp(
  family: number,
  host: string,
  level: number,
  options: readonly number[],
): [socket.Socket, socket.Socket] {
  const one = socket.socket(family, socket.SOCK_DGRAM);
  const other = socket.socket(family, socket.SOCK_DGRAM);
  other.bind([host, 0]);
  one.connect(other.getsockname());
  for (const option of options) other.setsockopt(level, option, 1);
  return [one, other];
}

const KINDS: readonly (readonly [string, Item, () => [socket.Socket, socket.Socket]])[] = [
  ['stream', rights, () => socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)],
  ['datagram', rights, () => socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)],
  [
    'IPv6',
    ofIpv6,
    () =>
      udp(socket.AF_INET6, '::1', socket.IPPROTO_IPV6, [
        socket.IPV6_RECVHOPLIMIT,
        socket.IPV6_RECVTCLASS,
      ]),
  ],
  [
    'IPv4',
    ofIpv4,
    () => udp(socket.AF_INET, '127.0.0.1', socket.IPPROTO_IP, [12, socket.IP_RECVTOS]),
  ],
];

const FLAGS = [
  0,
  0,
  0,
  socket.MSG_PEEK,
  socket.MSG_DONTWAIT,
  socket.MSG_TRUNC,
  socket.MSG_WAITALL,
  socket.MSG_CMSG_CLOEXEC,
];

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

for (const [kind, item, make] of KINDS) {
  console.log('kind', kind);
  const [one, other] = make();
  const fds = times(6, () => openSync('/dev/null', 'r'));
  const before = openCount();
  for (let step = 0; step < STEPS; step += 1) {
    let line = `${step}:`;
    if (kind === 'stream' || kind === 'datagram')
      if (below(40) === 0) other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, below(2));
    for (let left = below(3); left > 0; left -= 1) {
      const size = below(12);
      const buffers = [...times(below(3), () => Buffer.alloc(below(5))), Buffer.alloc(size)];
      const items = times(below(3), () => item(fds));
      const flags = [0, 0, socket.MSG_DONTWAIT][below(3)];
      line += ` sent ${attempt(() => one.sendmsg(buffers, items, flags))}`;
    }
    const [way, size, room] = [below(5), below(30), below(80)] as const;
    const flags = FLAGS[below(FLAGS.length)] as number;
    if (way === 0) {
      const got = attempt(() => other.recv(size || 1, flags & ~socket.MSG_TRUNC));
      line += ` recv ${typeof got === 'string' ? got : got.length}`;
    } else {
      const buffers = way === 1 ? times(1 + below(3), () => Buffer.alloc(below(10))) : [];
      const got = attempt(() => {
        if (way === 1) return other.recvmsgInto(buffers, room, flags);
        const [data, ...rest] = other.recvmsg(size, room, flags & ~socket.MSG_TRUNC);
        return [data.length, ...rest] as const;
      });
      line += ' recvmsg ';
      if (typeof got === 'string') line += got;
      else {
        const [nbytes, ancdata, told, address] = got;
        const mask = ~socket.MSG_CMSG_CLOEXEC;
        line += `${nbytes} (${received(ancdata)}) ${told & mask} ${address?.[0] ?? 'None'}`;
      }
    }
    console.log(line);
  }
  console.log('open', openCount() - before);
  one.close();
  other.close();
  for (const fd of fds) closeSync(fd);
}
