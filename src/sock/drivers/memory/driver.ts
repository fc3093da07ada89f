import { osError } from '../../../base/errors/os-errors.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../constants/constants.ts';
import { refuseDescriptor } from '../../endpoint/detached-endpoints.ts';
import type { Driver, Endpoint } from '../../endpoint/endpoint.ts';
import { MemoryDatagramEndpoint } from './datagram-endpoint.ts';
import type { MemoryEndpoint } from './memory-endpoint.ts';
import { type MemorySystem, memorySystem } from './memory-system.ts';
import { MemoryStreamEndpoint } from './stream-endpoint.ts';

/** Makes a socket of a family; its descriptor is taken afterwards. */
type Make = (family: number, proto: number) => MemoryEndpoint;

/**
 * A driver of sockets in memory.
 *
 * @param makeStream - makes stream sockets; by default those of {@link MemoryStreamEndpoint}
 * @param makeDatagram - the same for datagram sockets
 */
export function driverOf(
  system: MemorySystem,
  makeStream: Make = (family, proto) => new MemoryStreamEndpoint(family, proto, system),
  makeDatagram: Make = (family, proto) => new MemoryDatagramEndpoint(family, proto, system),
): Driver {
  const name = system.descriptors.driver;
  const makeOf = (type: number): Make | undefined =>
    type === SOCK_STREAM ? makeStream : type === SOCK_DGRAM ? makeDatagram : undefined;
  return {
    name,
    supports: (family, type) => FAMILIES.includes(family) && makeOf(type) !== undefined,
    open: (family, type, proto) => {
      if (!FAMILIES.includes(family)) throw osError('EAFNOSUPPORT', 'socket');
      const make = makeOf(type);
      if (make === undefined) throw osError('ESOCKTNOSUPPORT', 'socket');
      return make(family, proto).takeDescriptor();
    },
    socketpair: (family, type, proto) => socketpair(family, type, proto, system),
    adopt: () => refuseDescriptor(name),
    adoptPipe: () => refuseDescriptor(name),
  };
}

const FAMILIES: readonly number[] = [AF_INET, AF_INET6, AF_UNIX];

/** Sockets in memory, for tests and for pairs inside one process. */
export const memoryDriver: Driver = driverOf(memorySystem);

/** Two sockets of AF_UNIX that are connected to each other. */
function socketpair(
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
