import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from '../../constants/constants.ts';
import { SOCKET_OPTIONS } from '../../endpoint/socket-options.ts';

/** Which options a stream socket on a Node handle has. */

/** How long a connection is idle before the first keep-alive probe, in seconds; Linux's default. */
export const KEEPALIVE_IDLE = 7200;

const TCP_OPTIONS: readonly number[] = [TCP_NODELAY, TCP_KEEPIDLE];

/** Does a stream socket of the family have the option? */
export function isStreamOption(family: number, level: number, option: number): boolean {
  switch (level) {
    case SOL_SOCKET:
      return SOCKET_OPTIONS.includes(option);
    case IPPROTO_TCP:
      return family !== AF_UNIX && TCP_OPTIONS.includes(option);
    case IPPROTO_IPV6:
      return family === AF_INET6 && option === IPV6_V6ONLY;
    default:
      return false;
  }
}
