// Linux constants, the same on x86-64 and arm64.
export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const MSG_NOSIGNAL = 0x4000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x8000_0000;

/** 32-bit words of a `struct epoll_event`, which is packed on x86-64 only; and the index of its data. */
const words: readonly [number, number] = process.arch === 'x64' ? [3, 1] : [4, 2];
export const EVENT_WORDS: number = words[0];
export const DATA_WORD: number = words[1];

/** The value that enables an option. */
export const ON: Buffer = Buffer.from(Uint32Array.of(1).buffer);
