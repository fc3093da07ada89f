import { AsyncResource } from 'node:async_hooks';
import { osError } from '../../../base/os-errors.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../constants.ts';
import type { Driver, Endpoint } from '../../endpoint.ts';
import { noteFailure } from '../descriptors.ts';
import { epollSelector } from './epoll-selector.ts';
import { lastError, openPair, openSocket, whyNoLibc } from './libc.ts';
import { pollSelector } from './poll-selector.ts';
import { PosixEndpoint } from './posix-endpoint.ts';
import type { Selector } from './selector.ts';

/** What is made once and kept would keep the async context of whoever makes the first socket. */
const nobody = new AsyncResource('asyncio-ts.posix');

/** Sockets of the operating system, called through koffi. */
class PosixDriver implements Driver {
  readonly name = 'posix' as const;
  /** The selector of this thread. */
  readonly #selector: () => Selector;
  #missing: string | undefined;
  #asked = false;

  constructor(selector: () => Selector) {
    this.#selector = selector;
  }

  get missing(): string | undefined {
    if (!this.#asked) this.#missing = nobody.runInAsyncScope(() => this.#findMissing());
    this.#asked = true;
    return this.#missing;
  }

  supports(family: number, type: number): boolean {
    return (
      (family === AF_INET || family === AF_INET6 || family === AF_UNIX) &&
      (type === SOCK_STREAM || type === SOCK_DGRAM)
    );
  }

  open(family: number, type: number, proto: number): Endpoint {
    if (type !== SOCK_STREAM && type !== SOCK_DGRAM) throw osError('ESOCKTNOSUPPORT', 'socket');
    const fd = openSocket(family, type, proto);
    if (fd < 0) throw noteFailure(lastError('socket'));
    return new PosixEndpoint(fd, family, type, proto, this.#selector());
  }

  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint] {
    const pair = openPair(family, type, proto);
    if (pair === undefined) throw noteFailure(lastError('socketpair'));
    const [one, other] = pair.map(
      (fd) => new PosixEndpoint(fd, family, type, proto, this.#selector()),
    );
    return [one as Endpoint, other as Endpoint];
  }

  #findMissing(): string | undefined {
    const missing = whyNoLibc();
    if (missing !== undefined) return missing;
    try {
      this.#selector();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

/** The driver on the selector that suits the system: epoll on Linux, `uv_poll` on macOS. */
export const posixDriver: Driver = new PosixDriver(
  process.platform === 'linux' ? epollSelector : pollSelector,
);

/** The driver as macOS has it, for the tests on Linux. */
export const polledDriver: Driver = new PosixDriver(pollSelector);
