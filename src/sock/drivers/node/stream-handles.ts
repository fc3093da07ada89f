import { readSync } from 'node:fs';
import type { Socket as NetSocket } from 'node:net';
import { osError } from '../../../base/errors/os-errors.ts';
import type { Address } from '../../addresses/address.ts';
import { AF_UNIX } from '../../constants/constants.ts';
import { hostForHandle } from './addresses.ts';
import type {
  ConnectRequest,
  StreamHandle,
  StreamReaderOwner,
  TcpHandle,
} from './handles/handle-types.ts';
import { readHandle, SOCKET_KIND, streamClasses } from './handles/node-handles.ts';
import { readBuffer } from './stream-buffers.ts';

// Functions, not closures, so that they keep nothing alive.

export function makeHandle(family: number): StreamHandle {
  const { tcp, pipe } = streamClasses();
  const handle = family === AF_UNIX ? new pipe(SOCKET_KIND) : new tcp(SOCKET_KIND);
  // A running loop keeps the process alive itself; one that has ended must not.
  handle.unref();
  return handle;
}

export function makeReader(handle: StreamHandle, owner: StreamReaderOwner): NetSocket | undefined {
  return readHandle(handle, readBuffer(), owner);
}

export function makeRequest<Request>(requestClass: new () => Request): Request {
  return new requestClass();
}

export function connectTcp(handle: TcpHandle, request: ConnectRequest, address: Address): number {
  const port = address[1] as number;
  return address.length === 4
    ? handle.connect6(request, hostForHandle(address, 'connect'), port)
    : handle.connect(request, address[0] as string, port);
}

/** Reads what the kernel has; returns 0 at the end, or if Node shows no descriptor. */
export function readNow(fd: number, buffer: Uint8Array): number {
  return fd < 0 ? 0 : readSync(fd, buffer);
}

/** Drops a connection that was never accepted. */
export function abandon(client: StreamHandle, tcp: boolean): void {
  if (!tcp || (client as TcpHandle).reset() < 0) client.close();
}

/** Refuses abstract names: libuv would cut them and treat the rest as a path. */
export function refuseAbstract(address: Address, syscall: string): void {
  if (typeof address !== 'string' || !address.startsWith('\0')) return;
  throw osError('EOPNOTSUPP', syscall, {
    strerror: 'Operation not supported (the node driver has no abstract AF_UNIX names)',
  });
}
