import { typeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { DriverName } from '../../sock/endpoint/endpoint.ts';
import { whenMade } from '../lifecycle.ts';
import { checkFactory, checkProtocol } from '../protocols.ts';
import type {
  BaseTransport,
  ReadPipeCallbacks,
  ReadTransport,
  WritePipeCallbacks,
  WriteTransport,
} from '../transport.ts';
import { type OpenPipe, openPipe, type PipeLike } from './open-pipe.ts';
import { ReadPipeTransport } from './read-pipe-transport.ts';
import { WritePipeTransport } from './write-pipe-transport.ts';

/** Options for a pipe. */
export interface PipeOptions {
  /** The driver that reads or writes it; by default that of new sockets. Not in asyncio. */
  readonly driver?: DriverName | undefined;
}

/** `loop.connectReadPipe()`, which documents it. */
export function connectReadPipe<P extends ReadPipeCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  pipe: PipeLike,
  { driver }: PipeOptions,
): Coroutine<[transport: ReadTransport, protocol: P]> {
  const make = (open: OpenPipe, protocol: P, made: Future<void>): ReadTransport =>
    new ReadPipeTransport(loop, open, protocol, pipe, made);
  const connect = (): Promise<[ReadTransport, P]> =>
    connected(loop, protocolFactory, checkReader, () => openPipe(pipe, false, driver), make);
  return new Coroutine(connect, 'connectReadPipe', undefined);
}

/** `loop.connectWritePipe()`, which documents it. */
export function connectWritePipe<P extends WritePipeCallbacks>(
  loop: LoopCore,
  protocolFactory: () => P,
  pipe: PipeLike,
  { driver }: PipeOptions,
): Coroutine<[transport: WriteTransport, protocol: P]> {
  const make = (open: OpenPipe, protocol: P, made: Future<void>): WriteTransport =>
    new WritePipeTransport(loop, open, protocol, pipe, made);
  const connect = (): Promise<[WriteTransport, P]> =>
    connected(loop, protocolFactory, checkProtocol, () => openPipe(pipe, true, driver), make);
  return new Coroutine(connect, 'connectWritePipe', undefined);
}

/** As in asyncio, a `BufferedProtocol` cannot be used with pipes. */
function checkReader(protocol: Partial<ReadPipeCallbacks>): void {
  checkProtocol(protocol);
  if (typeof protocol.dataReceived !== 'function')
    throw typeError(`a protocol with dataReceived() was expected, got ${brief(protocol)}`);
}

async function connected<P, T extends BaseTransport>(
  loop: LoopCore,
  protocolFactory: () => P,
  check: (protocol: P) => void,
  open: () => OpenPipe,
  make: (pipe: OpenPipe, protocol: P, made: Future<void>) => T,
): Promise<[T, P]> {
  checkFactory(protocolFactory);
  const protocol = protocolFactory();
  // While the caller still owns the pipe.
  check(protocol);
  const made = new Future<void>(loop._asOption);
  const transport = make(open(), protocol, made);
  await whenMade(transport, made);
  return [transport, protocol];
}
