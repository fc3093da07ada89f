import { osError } from '../../base/errors/os-errors.ts';
import { posixDriver } from '../drivers/posix/driver.ts';
import { closeDescriptor, duplicate, lastError } from '../drivers/posix/ffi/libc.ts';
import { endpointOf } from '../drivers/posix/posix-endpoint.ts';
import { type Level, watchLevel } from '../drivers/posix/selectors/level-triggered.ts';
import { READABLE, WRITABLE } from '../drivers/posix/selectors/selector.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';

/** The socket of ours that has a descriptor, if one has it. */
export function socketEndpointOf(fd: number): Endpoint | undefined {
  return endpointOf(fd);
}

/**
 * Tells in each turn of Node's loop while a descriptor is ready, as asyncio's selector does.
 *
 * It has its own duplicate: so it is in nobody's way who polls the descriptor too, be it Node
 * itself, and nothing goes wrong where the descriptor is closed under it. But what it watches
 * stays open until {@link close}.
 */
export class DescriptorWatch {
  readonly #copy: number;
  readonly #level: Level;

  /**
   * @param told - may it be read from, written to? Both after a failure, which ends the watching
   *   until {@link listen}. It must not throw.
   * @throws {OSError} EBADF; EPERM for a regular file; EOPNOTSUPP where koffi does not load
   */
  constructor(fd: number, told: (readable: boolean, writable: boolean, failed: boolean) => void) {
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
        told(failed || (events & READABLE) !== 0, failed || (events & WRITABLE) !== 0, failed);
      });
    } catch (error) {
      closeDescriptor(this.#copy);
      throw error;
    }
  }

  /** Watches for these from now on. */
  listen(readable: boolean, writable: boolean): void {
    this.#level.listen((readable ? READABLE : 0) | (writable ? WRITABLE : 0));
  }

  /** Watches no more. */
  close(): void {
    this.#level.close();
    closeDescriptor(this.#copy);
  }
}
