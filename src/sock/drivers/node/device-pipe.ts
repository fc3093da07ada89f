import { closeSync, readSync, writeSync } from 'node:fs';
import { fromNodeError } from '../../../base/errors/os-errors.ts';
import { SlottedEndpoint } from '../../endpoint/base-endpoint.ts';
import type { PipeEnd } from '../../endpoint/endpoint.ts';

/** The most bytes per call. */
const PIECE = 64 * 1024;

/** The last standard descriptor; standard descriptors are not closed. */
const STDERR = 2;

/** A device that is always ready and that libuv cannot poll, such as /dev/null. */
export class DevicePipe extends SlottedEndpoint implements PipeEnd {
  readonly driver = 'node' as const;
  readonly noticesReader = false;
  readonly #fd: number;

  constructor(fd: number) {
    super(-1, -1, -1);
    this.#fd = fd;
  }

  tryRecv(nbytes: number): Buffer | undefined {
    this.mustBeOpen('read');
    const buffer = Buffer.allocUnsafe(Math.min(nbytes, PIECE));
    const nread = unlessItWaits(() => readSync(this.#fd, buffer));
    if (nread === undefined) return undefined;
    this.countRead(nread);
    return buffer.subarray(0, nread);
  }

  trySend(data: Uint8Array, from: number): number {
    this.mustBeOpen('write');
    const nwritten = unlessItWaits(() => writeSync(this.#fd, data, from));
    if (nwritten === undefined) return -1;
    this.countWritten(nwritten);
    return nwritten;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#fd > STDERR) closeSync(this.#fd);
    this.tellReader();
    this.tellWriter();
  }

  fileno(): number {
    return this.closed ? -1 : this.#fd;
  }
}

/**
 * The result of a call; `undefined` if it would have to wait, and nothing would report when to
 * retry.
 */
function unlessItWaits(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    const failure = fromNodeError(error);
    if ((failure as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw failure;
  }
}
