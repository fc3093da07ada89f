import { osError } from '../../../base/os-errors.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../../constants.ts';
import type { Driver, Endpoint } from '../../endpoint.ts';
import { noteFailure } from '../descriptors.ts';
import { lastError, libc } from './libc.ts';
import { PosixEndpoint } from './posix-endpoint.ts';

const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

/** Sockets of the operating system, called through koffi. */
export const posixDriver: Driver = {
  name: 'posix',

  supports(family: number, type: number): boolean {
    return (
      (family === AF_INET || family === AF_INET6 || family === AF_UNIX) &&
      (type === SOCK_STREAM || type === SOCK_DGRAM)
    );
  },

  open(family: number, type: number, proto: number): Endpoint {
    if (type !== SOCK_STREAM && type !== SOCK_DGRAM) throw osError('ESOCKTNOSUPPORT', 'socket');
    const fd = libc().socket(family, type | FLAGS, proto);
    if (fd < 0) throw noteFailure(lastError('socket'));
    return new PosixEndpoint(fd, family, type, proto);
  },

  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint] {
    const pair = Buffer.alloc(8);
    if (libc().socketpair(family, type | FLAGS, proto, pair) < 0)
      throw noteFailure(lastError('socketpair'));
    return [
      new PosixEndpoint(pair.readInt32LE(0), family, type, proto),
      new PosixEndpoint(pair.readInt32LE(4), family, type, proto),
    ];
  },
};
