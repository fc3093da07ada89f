import { osError } from '../../../base/errors/os-errors.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../constants/constants.ts';
import { refuseDescriptor } from '../../endpoint/detached-endpoints.ts';
import type { Driver, Endpoint } from '../../endpoint/endpoint.ts';
import { DatagramEndpoint } from './datagram-endpoint.ts';
import { StreamEndpoint } from './stream-endpoint.ts';

/** Sockets in memory, for tests and for pairs inside one process. */
export const memoryDriver: Driver = {
  name: 'memory',

  supports(family: number, type: number): boolean {
    return (
      (family === AF_INET || family === AF_INET6 || family === AF_UNIX) &&
      (type === SOCK_STREAM || type === SOCK_DGRAM)
    );
  },

  open(family: number, type: number, proto: number): Endpoint {
    if (family !== AF_INET && family !== AF_INET6 && family !== AF_UNIX)
      throw osError('EAFNOSUPPORT', 'socket');
    if (type === SOCK_STREAM) return new StreamEndpoint(family, proto);
    if (type === SOCK_DGRAM) return new DatagramEndpoint(family, proto);
    throw osError('ESOCKTNOSUPPORT', 'socket');
  },

  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint] {
    if (family !== AF_UNIX) throw osError('EOPNOTSUPP', 'socketpair');
    if (type === SOCK_DGRAM) {
      const pair = [
        new DatagramEndpoint(family, proto),
        new DatagramEndpoint(family, proto),
      ] as const;
      DatagramEndpoint.join(...pair);
      return [...pair];
    }
    if (type !== SOCK_STREAM) throw osError('ESOCKTNOSUPPORT', 'socketpair');
    const pair = [new StreamEndpoint(family, proto), new StreamEndpoint(family, proto)] as const;
    StreamEndpoint.join(...pair);
    return [...pair];
  },

  adopt: () => refuseDescriptor('memory'),
  adoptPipe: () => refuseDescriptor('memory'),
};
