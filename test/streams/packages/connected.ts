/** What the tests of other packages share: a Node server, and connections to it over each driver. */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import * as asyncio from '../../../src/index.ts';
import { DRIVERS, stream } from '../../support/drivers.ts';
import { type LoopIt, loopBehaviour } from '../../support/loop-behaviour.ts';
import { CLIENT } from '../../support/tls.ts';

/** Connects to a server as `toDuplex()` gives it to a package. */
export type Connect = (server: Server, options?: { secure: boolean }) => Promise<Socket>;

/** Declares tests once for each driver that a Node server can be reached with. */
export function overEachDriver(
  subject: string,
  declare: (it: LoopIt, connect: Connect) => void,
): void {
  for (const { name, real } of DRIVERS) {
    if (!real) continue;
    const connect: Connect = async (server, { secure } = { secure: false }) => {
      if (!server.listening) {
        server.listen(0, '127.0.0.1');
        await asyncio.wrapPromise(once(server, 'listening'));
      }
      const sock = stream(name);
      const { port } = server.address() as AddressInfo;
      await asyncio.getRunningLoop().sockConnect(sock, ['127.0.0.1', port]);
      const tls = secure ? { ssl: CLIENT, serverHostname: 'localhost' } : {};
      return asyncio.toDuplex(await asyncio.openConnection(undefined, undefined, { sock, ...tls }));
    };
    loopBehaviour(`${subject} on ${name}`, (it) => declare(it, connect));
  }
}

/** A callback as a promise: resolves with its second argument, rejects with its first. */
export function called<T>(
  start: (callback: (error: unknown, value?: T) => void) => void,
): Promise<T> {
  return asyncio.wrapPromise(
    new Promise<T>((resolve, reject) => {
      start((error, value) => (error ? reject(error) : resolve(value as T)));
    }),
  ) as unknown as Promise<T>;
}

export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await asyncio.wrapPromise(once(socket, 'close'));
}
