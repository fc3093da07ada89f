import { osError } from '../../../base/errors/os-errors.ts';
import { tty } from '../../../base/node-modules.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../constants/constants.ts';
import { refuseDescriptor } from '../../endpoint/detached-endpoints.ts';
import type { Driver, Endpoint, PipeEnd, PipeKind } from '../../endpoint/endpoint.ts';
import { memoryDriver } from '../memory/driver.ts';
import { DatagramEndpoint } from './datagram-endpoint.ts';
import { DevicePipe } from './device-pipe.ts';
import { NodePipe } from './node-pipe.ts';
import { StreamEndpoint } from './stream-endpoint.ts';

/**
 * Sockets on the handles below Node's `net` and `dgram`. Works everywhere, without dependencies.
 */
export const nodeDriver: Driver = {
  name: 'node',

  supports(family: number, type: number): boolean {
    if (type === SOCK_STREAM)
      return family === AF_INET || family === AF_INET6 || family === AF_UNIX;
    return type === SOCK_DGRAM && (family === AF_INET || family === AF_INET6);
  },

  open(family: number, type: number, proto: number): Endpoint {
    if (family !== AF_INET && family !== AF_INET6 && family !== AF_UNIX)
      throw osError('EAFNOSUPPORT', 'socket');
    if (type === SOCK_STREAM) return new StreamEndpoint(family, proto);
    if (type === SOCK_DGRAM && family !== AF_UNIX) return new DatagramEndpoint(family, proto);
    throw osError('ESOCKTNOSUPPORT', 'socket', {
      strerror: 'Socket type not supported (Node has no AF_UNIX datagrams)',
    });
  },

  /** Node cannot create a pair of descriptors, so the pair is in memory. */
  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint] {
    return memoryDriver.socketpair(family, type, proto);
  },

  adopt: () => refuseDescriptor('node'),

  adoptPipe(fd: number, kind: PipeKind, writes: boolean, leaves: boolean): PipeEnd {
    if (leaves)
      throw osError('EOPNOTSUPP', 'open', {
        strerror: 'Operation not supported (the node driver accepts only descriptor numbers)',
      });
    // libuv would abort the process over a device that it cannot poll: /dev/null.
    if (kind === 'device' && !tty().isatty(fd)) return new DevicePipe(fd);
    return new NodePipe(fd, kind === 'socket' || !writes);
  },
};
