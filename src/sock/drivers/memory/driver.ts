import { osError } from '../../../base/errors/os-errors.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../constants/constants.ts';
import { refuseDescriptor } from '../../endpoint/detached-endpoints.ts';
import type { Driver, Endpoint } from '../../endpoint/endpoint.ts';
import { MemoryDatagramEndpoint } from './datagram-endpoint.ts';
import { type MemorySystem, memorySystem } from './memory-system.ts';
import { MemoryStreamEndpoint } from './stream-endpoint.ts';

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
    if (type === SOCK_STREAM) return new MemoryStreamEndpoint(family, proto).takeDescriptor();
    if (type === SOCK_DGRAM) return new MemoryDatagramEndpoint(family, proto).takeDescriptor();
    throw osError('ESOCKTNOSUPPORT', 'socket');
  },

  socketpair: (family, type, proto) => memoryPair(family, type, proto, memorySystem),
  adopt: () => refuseDescriptor('memory'),
  adoptPipe: () => refuseDescriptor('memory'),
};

/** Two sockets of AF_UNIX that are connected to each other. */
export function memoryPair(
  family: number,
  type: number,
  proto: number,
  system: MemorySystem,
): [Endpoint, Endpoint] {
  if (family !== AF_UNIX) throw osError('EOPNOTSUPP', 'socketpair');
  const make = {
    [SOCK_STREAM]: () => new MemoryStreamEndpoint(family, proto, system),
    [SOCK_DGRAM]: () => new MemoryDatagramEndpoint(family, proto, system),
  }[type];
  if (make === undefined) throw osError('ESOCKTNOSUPPORT', 'socketpair');
  const [one, other] = [make().takeDescriptor(), make().takeDescriptor()];
  if (one instanceof MemoryStreamEndpoint)
    MemoryStreamEndpoint.join(one, other as MemoryStreamEndpoint);
  else MemoryDatagramEndpoint.join(one as MemoryDatagramEndpoint, other as MemoryDatagramEndpoint);
  return [one, other];
}
