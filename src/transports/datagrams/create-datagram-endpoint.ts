import { OSError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { type Address, checkAddress } from '../../sock/addresses/address.ts';
import {
  AF_UNIX,
  SO_BROADCAST,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../sock/constants/constants.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import { Socket } from '../../sock/socket.ts';
import { lookUp, type ResolvingLoop } from '../addresses/host-lookup.ts';
import { removeStale } from '../addresses/stale-unix-socket.ts';
import { openTransport } from '../connect/open-transport.ts';
import { checkFactory } from '../protocols.ts';
import type { DatagramCallbacks, DatagramTransport } from '../transport.ts';
import { SocketDatagramTransport } from './datagram-transport.ts';

/** An address of a datagram endpoint: a host and a port, or a path. */
export type DatagramAddress = readonly [host: string, port: number] | string;

/** Options for a datagram endpoint. */
export interface DatagramEndpointOptions {
  /** The local address. */
  readonly localAddr?: DatagramAddress | undefined;
  /** The only peer to send to and receive from; by default any. */
  readonly remoteAddr?: DatagramAddress | undefined;
  /** Only addresses of this family: AF_INET, AF_INET6, AF_UNIX. */
  readonly family?: number | undefined;
  /** Only addresses of this protocol; by default any. */
  readonly proto?: number | undefined;
  /** For the look-up of the hosts. */
  readonly flags?: number | undefined;
  /** May other sockets with this option share the port? By default no. */
  readonly reusePort?: boolean | undefined;
  /** Allow sending to broadcast addresses? By default no. */
  readonly allowBroadcast?: boolean | undefined;
  /** A datagram socket to use instead of all other options. The transport closes it. */
  readonly sock?: Socket | undefined;
}

/** What creating an endpoint needs from a loop. */
export interface DatagramLoop extends ResolvingLoop {
  sockConnect(sock: Socket, address: Address): PromiseLike<void>;
}

/** The local and remote address of one family and protocol. */
interface Place {
  readonly family: number;
  readonly proto: number;
  local?: Address;
  remote?: Address;
}

/** `loop.createDatagramEndpoint()`, which documents it. */
export function createDatagramEndpoint<P extends DatagramCallbacks>(
  loop: DatagramLoop,
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Coroutine<[transport: DatagramTransport, protocol: P]> {
  const create = async (): Promise<[DatagramTransport, P]> => {
    checkFactory(protocolFactory);
    checkKinds(options);
    const given = givenDatagramSocket(options);
    const [sock, remote] = given ? [given] : await socketFor(loop, options);
    return await openTransport<P, DatagramTransport>(
      loop,
      sock,
      protocolFactory,
      given === undefined,
      (protocol, made) => new SocketDatagramTransport(loop, sock, protocol, remote, made),
    );
  };
  return new Coroutine(create, 'Loop.createDatagramEndpoint', undefined);
}

function checkKinds({ family = 0, proto = 0, flags = 0 }: DatagramEndpointOptions): void {
  for (const [what, value] of Object.entries({ family, proto, flags }))
    checkWhole(value, 0, 0x7fffffff, what);
}

/** Checks and returns the socket in the options, if there is one. */
function givenDatagramSocket({ sock, ...others }: DatagramEndpointOptions): Socket | undefined {
  if (sock === undefined) return undefined;
  if (!(sock instanceof Socket)) throw typeError(`sock must be a Socket, got ${brief(sock)}`);
  if (sock.type !== SOCK_DGRAM) throw rangeError(`A UDP Socket was expected, got ${sock}`);
  const said = Object.entries(others).filter(([, value]) => value);
  if (said.length === 0) return sock;
  const problems = said.map(([name, value]) => `${name}=${brief(value)}`).join(', ');
  throw rangeError(`socket modifier options can not be used when sock is specified. (${problems})`);
}

/** The first pair of addresses that works, and its socket. */
async function socketFor(
  loop: DatagramLoop,
  options: DatagramEndpointOptions,
): Promise<[Socket, Address | undefined]> {
  let failure: OSError | undefined;
  for (const place of await placesFor(loop, options)) {
    let sock: Socket | undefined;
    try {
      sock = Socket._of(driverNamed().open(place.family, SOCK_DGRAM, place.proto));
      sock.setblocking(false);
      if (options.reusePort) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
      if (options.allowBroadcast) sock.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
      if (place.local !== undefined) {
        if (typeof place.local === 'string') removeStale(place.local, sock);
        sock.bind(place.local);
      }
      if (place.remote !== undefined && !options.allowBroadcast)
        await loop.sockConnect(sock, place.remote);
      return [sock, place.remote];
    } catch (error) {
      sock?.close();
      if (!isA(error, OSError)) throw error;
      failure ??= error;
    }
  }
  throw failure as OSError;
}

async function placesFor(
  loop: DatagramLoop,
  { localAddr, remoteAddr, family = 0, proto = 0, flags = 0 }: DatagramEndpointOptions,
): Promise<Place[]> {
  if (!localAddr && !remoteAddr) {
    if (family === 0) throw rangeError('unexpected address family');
    return [{ family, proto }];
  }
  if (family === AF_UNIX) {
    const place: Place = { family, proto };
    if (localAddr) place.local = checkAddress(family, localAddr, 'createDatagramEndpoint');
    if (remoteAddr) place.remote = checkAddress(family, remoteAddr, 'createDatagramEndpoint');
    return [place];
  }
  const asked = { family, type: SOCK_DGRAM, proto, flags };
  const places = new Map<string, Place>();
  const add = async (side: 'local' | 'remote', address: DatagramAddress): Promise<void> => {
    if (!Array.isArray(address) || address.length !== 2)
      throw typeError(`${side}Addr must be [host, port], got ${brief(address)}`);
    for (const [of, , through, , found] of await lookUp(loop, address[0], address[1], asked)) {
      const key = `${of} ${through}`;
      const place = places.get(key) ?? { family: of, proto: through };
      place[side] = found;
      places.set(key, place);
    }
  };
  if (localAddr) await add('local', localAddr);
  if (remoteAddr) await add('remote', remoteAddr);
  const whole = [...places.values()].filter(
    ({ local, remote }) => (!localAddr || local) && (!remoteAddr || remote),
  );
  if (whole.length === 0) throw rangeError('can not get address information');
  return whole;
}
