import { osError } from '../../../base/errors/os-errors.ts';
import type { DriverName } from '../../endpoint/endpoint.ts';

/** Numbers that look like descriptors. Like in a kernel, the lowest free one is used. */
export class FakeDescriptors {
  readonly driver: DriverName;
  /** The open ones, with their owners. */
  readonly open: Map<number, object> = new Map();
  /** How many may be open. */
  limit: number;
  /** While there are any, nothing can be opened, regardless of the limit. */
  readonly shortages: Set<object> = new Set();
  readonly #first: number;
  #lowest: number;

  constructor(driver: DriverName, first: number, limit: number) {
    this.driver = driver;
    this.#first = first;
    this.#lowest = first;
    this.limit = limit;
  }

  /** @throws {OSError} EMFILE when too many are open */
  take(owner: object): number {
    if (this.shortages.size > 0 || this.open.size >= this.limit) throw osError('EMFILE', 'socket');
    while (this.open.has(this.#lowest)) this.#lowest += 1;
    this.open.set(this.#lowest, owner);
    return this.#lowest;
  }

  free(fd: number): void {
    this.open.delete(fd);
    if (fd >= this.#first && fd < this.#lowest) this.#lowest = fd;
  }
}
