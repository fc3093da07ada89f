import { osError } from '../../base/errors/os-errors.ts';
import { posixDriver } from '../drivers/posix/driver.ts';
import { closeDescriptor, duplicate, lastError } from '../drivers/posix/ffi/libc.ts';
import { endpointOf } from '../drivers/posix/posix-endpoint.ts';
import { type Level, watchLevel } from '../drivers/posix/selectors/level-triggered.ts';
import { READABLE, WRITABLE } from '../drivers/posix/selectors/selector.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';

/** Our socket that owns a descriptor, if any. */
export function socketEndpointOf(fd: number): Endpoint | undefined {
  return endpointOf(fd);
}

/**
 * Reports in each turn of Node's loop whether a descriptor is ready, like asyncio's selector.
 *
 * It watches a duplicate, so it does not interfere with others that poll the descriptor, such as
 * Node, nor fail if the descriptor is closed. But the underlying file stays open until
 * {@link close}.
 */
export class DescriptorWatch {
  readonly #copy: number;
  readonly #level: Level;

  /**
   * @param callback - called with: is it readable, is it writable, did it fail? After a failure,
   *   which sets all of them, it stops until {@link listen}. It must not throw
   * @throws {OSError} EBADF; EPERM for a regular file; EOPNOTSUPP if koffi does not load
   */
  constructor(
    fd: number,
    callback: (readable: boolean, writable: boolean, failed: boolean) => void,
  ) {
    const { missing } = posixDriver;
    if (missing !== undefined)
      throw osError('EOPNOTSUPP', 'epoll_ctl', {
        strerror: `Operation not supported (it needs the posix driver: ${missing.why})`,
      });
    this.#copy = duplicate(fd);
    if (this.#copy < 0) throw lastError('epoll_ctl');
    try {
      this.#level = watchLevel(this.#copy, (events) => {
        const failed = events < 0;
        callback(failed || (events & READABLE) !== 0, failed || (events & WRITABLE) !== 0, failed);
      });
    } catch (error) {
      closeDescriptor(this.#copy);
      throw error;
    }
  }

  /** Sets what to watch for. */
  listen(readable: boolean, writable: boolean): void {
    this.#level.listen((readable ? READABLE : 0) | (writable ? WRITABLE : 0));
  }

  /** Stops watching. */
  close(): void {
    this.#level.close();
    closeDescriptor(this.#copy);
  }
}
