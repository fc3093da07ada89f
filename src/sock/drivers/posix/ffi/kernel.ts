import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DEBUG,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_SOCKET,
  TCP_CORK,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_MAXSEG,
  TCP_NODELAY,
} from '../../../constants/constants.ts';

/**
 * The kernel's constants that differ between systems, for `libc.ts` and `sockaddr.ts` only.
 * Everything else uses Linux's, like the public constants.
 *
 * Those of macOS come from its headers (xnu's `sys/socket.h`, `netinet/in.h`, `sys/fcntl.h`) and
 * are untested. See docs/differences.md#macos-is-untested.
 */
export interface Kernel {
  /**
   * Can SOCK_NONBLOCK and SOCK_CLOEXEC be or-ed into the type of a new socket, and is there
   * accept4()?
   */
  readonly makesNonBlocking: boolean;
  /**
   * Does `struct sockaddr` start with its length in one byte, followed by the family in one byte?
   */
  readonly addressHasLength: boolean;
  /** The size of the path in `struct sockaddr_un`, in bytes. */
  readonly pathSize: number;
  /** Are there abstract AF_UNIX names, which start with a zero and are not in the file system? */
  readonly abstractNames: boolean;
  /** The flag of send() that turns SIGPIPE into an error. */
  readonly msgNoSignal: number;
  /** The socket option for the same, if there is no such flag. */
  readonly soNoSigPipe: number | undefined;
  readonly oNonBlock: number;
  readonly fDupfdCloexec: number;
  /** The C function that returns the address of errno. */
  readonly errnoLocation: string;
  /** The handle that makes dlsym() search everywhere. */
  readonly rtldDefault: number;
  /** Converts one of our families to the kernel's number. */
  familyOut(family: number): number;
  /** Converts the kernel's number of a family to ours; unknown ones stay as they are. */
  familyIn(family: number): number;
  /**
   * Converts one of our options to the kernel's numbers; `undefined` if it does not have the
   * option.
   */
  option(level: number, option: number): readonly [level: number, option: number] | undefined;
  /** Converts the value of an option from the kernel's form to Linux's. */
  optionValue(level: number, option: number, value: number): number;
}

const LINUX: Kernel = {
  makesNonBlocking: true,
  addressHasLength: false,
  pathSize: 108,
  abstractNames: true,
  msgNoSignal: 0x4000,
  soNoSigPipe: undefined,
  oNonBlock: 0o4000,
  fDupfdCloexec: 1030,
  errnoLocation: '__errno_location',
  rtldDefault: 0,
  familyOut: (family) => family,
  familyIn: (family) => family,
  option: (level, option) => [level, option],
  optionValue: (_level, _option, value) => value,
};

/** macOS's numbers for options, by our level and option. */
const DARWIN_OPTIONS: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [
    SOL_SOCKET,
    new Map([
      [SO_DEBUG, 0x0001],
      [SO_ACCEPTCONN, 0x0002],
      [SO_REUSEADDR, 0x0004],
      [SO_KEEPALIVE, 0x0008],
      [SO_DONTROUTE, 0x0010],
      [SO_BROADCAST, 0x0020],
      // SO_LINGER_SEC: SO_LINGER itself counts clock ticks there.
      [SO_LINGER, 0x1080],
      [SO_OOBINLINE, 0x0100],
      [SO_REUSEPORT, 0x0200],
      [SO_SNDBUF, 0x1001],
      [SO_RCVBUF, 0x1002],
      [SO_SNDLOWAT, 0x1003],
      [SO_RCVLOWAT, 0x1004],
      [SO_SNDTIMEO, 0x1005],
      [SO_RCVTIMEO, 0x1006],
      [SO_ERROR, 0x1007],
      [SO_TYPE, 0x1008],
    ]),
  ],
  [
    IPPROTO_TCP,
    new Map([
      [TCP_NODELAY, 0x01],
      [TCP_MAXSEG, 0x02],
      // TCP_NOPUSH
      [TCP_CORK, 0x04],
      // TCP_KEEPALIVE
      [TCP_KEEPIDLE, 0x10],
      [TCP_KEEPINTVL, 0x101],
      [TCP_KEEPCNT, 0x102],
    ]),
  ],
  [
    IPPROTO_IP,
    new Map([
      [IP_TOS, 3],
      [IP_TTL, 4],
      [IP_MULTICAST_IF, 9],
      [IP_MULTICAST_TTL, 10],
      [IP_MULTICAST_LOOP, 11],
      [IP_ADD_MEMBERSHIP, 12],
      [IP_DROP_MEMBERSHIP, 13],
    ]),
  ],
  [
    IPPROTO_IPV6,
    new Map([
      [IPV6_UNICAST_HOPS, 4],
      [IPV6_MULTICAST_IF, 9],
      [IPV6_MULTICAST_HOPS, 10],
      [IPV6_MULTICAST_LOOP, 11],
      [IPV6_JOIN_GROUP, 12],
      [IPV6_LEAVE_GROUP, 13],
      [IPV6_V6ONLY, 27],
    ]),
  ],
]);

/** Boolean options, for which macOS returns the option's bit. */
const DARWIN_FLAGS: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [
    SOL_SOCKET,
    new Set([
      SO_DEBUG,
      SO_ACCEPTCONN,
      SO_REUSEADDR,
      SO_KEEPALIVE,
      SO_DONTROUTE,
      SO_BROADCAST,
      SO_OOBINLINE,
      SO_REUSEPORT,
    ]),
  ],
  [IPPROTO_TCP, new Set([TCP_NODELAY, TCP_CORK])],
]);

const DARWIN_SOL_SOCKET = 0xffff;
const DARWIN_AF_INET6 = 30;

const DARWIN: Kernel = {
  makesNonBlocking: false,
  addressHasLength: true,
  pathSize: 104,
  abstractNames: false,
  msgNoSignal: 0,
  soNoSigPipe: 0x1022,
  oNonBlock: 0x0004,
  fDupfdCloexec: 67,
  errnoLocation: '__error',
  rtldDefault: -2,
  familyOut: (family) => (family === AF_INET6 ? DARWIN_AF_INET6 : family),
  familyIn: (family) => {
    if (family === DARWIN_AF_INET6) return AF_INET6;
    // Its other families are not ours, even if the numbers match.
    return family === AF_INET || family === AF_UNIX ? family : -1;
  },
  option: (level, option) => {
    const number = DARWIN_OPTIONS.get(level)?.get(option);
    if (number === undefined) return undefined;
    return [level === SOL_SOCKET ? DARWIN_SOL_SOCKET : level, number];
  },
  optionValue: (level, option, value) =>
    DARWIN_FLAGS.get(level)?.has(option) ? Number(value !== 0) : value,
};

/** The kernel of a platform; `undefined` if unknown. */
export function kernelOf(platform: string): Kernel | undefined {
  if (platform === 'linux') return LINUX;
  return platform === 'darwin' ? DARWIN : undefined;
}

/** The kernel we run on; Linux's constants if it is unknown. */
export const kernel: Kernel = kernelOf(process.platform) ?? LINUX;
