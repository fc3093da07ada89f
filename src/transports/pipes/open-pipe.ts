import { fstatSync } from 'node:fs';
import { endsTheLoop } from '../../base/errors/errors.ts';
import { fromNodeError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import { driverNamed } from '../../sock/drivers/registry.ts';
import type { DriverName, PipeEnd, PipeKind } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import { checkUnused } from '../readiness-watch.ts';

/** An object with a descriptor, such as Node's streams and `FileHandle`s. */
export interface HasDescriptor {
  /** The descriptor. */
  readonly fd: number;
  /** Closes it. The transport calls this, unless the descriptor is a standard one. */
  close?(): unknown;
}

/** What can be used as a pipe: a descriptor, or an object that has one. */
export type PipeLike = number | Socket | HasDescriptor;

/** A pipe as its transport uses it. */
export interface OpenPipe {
  readonly end: PipeEnd;
  /** Does it notice when the reader is gone? */
  readonly noticesReader: boolean;
  /** The descriptor; kept after it is closed. */
  readonly fd: number;
  /** Closes it, and the object it came from. */
  close(): void;
}

const STDERR = 2;

/**
 * Takes over a pipe for a transport.
 *
 * @throws {TypeError} when it has no descriptor
 * @throws {RangeError} when it is a regular file, or something else that is not a pipe
 * @throws {RuntimeError} when another transport owns it, or an operation waits on it
 * @throws {OSError} EBADF; EOPNOTSUPP when the driver cannot
 */
export function openPipe(pipe: unknown, writes: boolean, driver?: DriverName): OpenPipe {
  if (pipe instanceof Socket) return openSocket(pipe);
  const fd = descriptorOf(pipe);
  const kind = kindOfPipe(fd, writes);
  const owner = typeof pipe === 'object' && fd > STDERR ? (pipe as HasDescriptor) : undefined;
  const end = driverNamed(driver).adoptPipe(fd, kind, writes, owner !== undefined);
  const close = (): void => {
    end.close();
    owner?.close?.();
  };
  return { ...opened(end, fd), close };
}

/** An end of a pipe that nothing else owns. */
export function opened(end: PipeEnd, fd: number = end.fileno()): OpenPipe {
  return { end, noticesReader: end.noticesReader !== false, fd, close: () => end.close() };
}

function openSocket(sock: Socket): OpenPipe {
  checkUnused(sock);
  sock.setblocking(false);
  return { ...opened(sock._endpoint), close: () => sock.close() };
}

function descriptorOf(pipe: unknown): number {
  const fd = typeof pipe === 'number' ? pipe : (pipe as Partial<HasDescriptor> | undefined)?.fd;
  if (typeof fd !== 'number' || !Number.isInteger(fd))
    throw typeError(`pipe must be a descriptor, or have one as fd, got ${brief(pipe)}`);
  if (fd < 0) throw rangeError(`Invalid file descriptor: ${fd}`);
  return fd;
}

function kindOfPipe(fd: number, writes: boolean): PipeKind {
  const kind = kindIn(fd);
  if (kind !== undefined) return kind;
  throw rangeError(
    writes
      ? 'Pipe transport is only for pipes, sockets and character devices'
      : 'Pipe transport is for pipes/sockets only.',
  );
}

function kindIn(fd: number): PipeKind | undefined {
  try {
    const stats = fstatSync(fd);
    if (stats.isFIFO()) return 'fifo';
    if (stats.isSocket()) return 'socket';
    return stats.isCharacterDevice() ? 'device' : undefined;
  } catch (error) {
    if (endsTheLoop(error)) throw error;
    throw fromNodeError(error);
  }
}
