import { AsyncResource } from 'node:async_hooks';
import { osError } from '../../../base/errors/os-errors.ts';
import { otherRuntime } from '../../../base/other-runtime.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../constants/constants.ts';
import { noteFailure } from '../../endpoint/descriptor-limit.ts';
import type {
  ChildPipe,
  Driver,
  Endpoint,
  Kind,
  Missing,
  PipeEnd,
  PipeKind,
} from '../../endpoint/endpoint.ts';
import {
  closeDescriptor,
  duplicate,
  getOption,
  handOver,
  isShortage,
  lastError,
  libc,
  loadLibc,
  MissingError,
  openPair,
  openPipe,
  openSocket,
  takeOver,
} from './ffi/libc.ts';
import { expectAddress, readFamily, storage, storageLength } from './ffi/sockaddr.ts';
import { endpointOf, PosixEndpoint } from './posix-endpoint.ts';
import { PosixPipe } from './posix-pipe.ts';
import { epollSelector } from './selectors/epoll-selector.ts';
import { pollSelector } from './selectors/poll-selector.ts';
import type { Selector } from './selectors/selector.ts';

/**
 * The async context for objects that are created once and kept; otherwise they would keep that of
 * the code that creates the first socket.
 */
const nobody = new AsyncResource('asyncio-ts.posix');

/** Sockets of the operating system, called through koffi. */
class PosixDriver implements Driver {
  readonly name = 'posix' as const;
  /** Returns this thread's selector. */
  readonly #selector: () => Selector;
  /** Is everything loaded? Until then, each use checks again, because a shortage may have passed. */
  #complete = false;

  constructor(selector: () => Selector) {
    this.#selector = selector;
  }

  get missing(): Missing | undefined {
    if (this.#complete) return undefined;
    const missing = nobody.runInAsyncScope(() => this.#findMissing());
    this.#complete = missing === undefined;
    return missing;
  }

  supports(family: number, type: number): boolean {
    return (
      (family === AF_INET || family === AF_INET6 || family === AF_UNIX) &&
      (type === SOCK_STREAM || type === SOCK_DGRAM)
    );
  }

  open(family: number, type: number, proto: number): Endpoint {
    if (type !== SOCK_STREAM && type !== SOCK_DGRAM) throw osError('ESOCKTNOSUPPORT', 'socket');
    // Before there is a descriptor, because making the first selector may fail.
    const selector = this.#selector();
    const fd = openSocket(family, type, proto);
    if (fd < 0) throw noteFailure(lastError('socket'));
    return new PosixEndpoint(fd, family, type, proto, selector);
  }

  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint] {
    const selector = this.#selector();
    const pair = openPair(family, type, proto);
    if (pair === undefined) throw noteFailure(lastError('socketpair'));
    const [one, other] = pair.map((fd) => new PosixEndpoint(fd, family, type, proto, selector));
    return [one as Endpoint, other as Endpoint];
  }

  adopt(fd: number, kind: Kind, copy: boolean): Endpoint {
    if (!copy) checkNotOwned(fd, 'socket');
    const found = kindOfDescriptor(fd, kind);
    const selector = this.#selector();
    const own = copy ? duplicate(fd) : fd;
    if (own < 0) throw noteFailure(lastError('socket'));
    if (takeOver(own) < 0) {
      const error = lastError('socket');
      if (copy) closeDescriptor(own);
      throw error;
    }
    const endpoint = new PosixEndpoint(own, found.family, found.type, found.proto, selector);
    endpoint.learnLowWater();
    return endpoint;
  }

  adoptPipe(fd: number, kind: PipeKind, writes: boolean, leaves: boolean): PipeEnd {
    checkNotOwned(fd, 'open');
    return new PosixPipe(fd, kind, writes, leaves, this.#selector());
  }

  pipeToChild(writes: boolean): ChildPipe {
    const ends = openPipe();
    if (ends === undefined) throw noteFailure(lastError('pipe'));
    const [ours, theirs] = writes ? [ends[1], ends[0]] : ends;
    const closeTheirs = (): void => closeDescriptor(theirs);
    try {
      const end = new PosixPipe(ours, 'fifo', writes, false, this.#selector());
      return { end, theirs, closeTheirs };
    } catch (error) {
      closeDescriptor(ours);
      closeTheirs();
      throw error;
    }
  }

  #findMissing(): Missing | undefined {
    // Elsewhere a call through koffi may abort the process.
    if (otherRuntime !== undefined)
      return { why: `it needs Node, and this is ${otherRuntime}`, permanent: true };
    try {
      loadLibc();
      this.#selector();
      return undefined;
    } catch (error) {
      const why = (error as Error).message;
      return {
        why,
        permanent: error instanceof MissingError ? error.permanent : !isShortage(error),
      };
    }
  }
}

/** @throws {OSError} EBUSY when the descriptor belongs to one of our sockets */
export function checkNotOwned(fd: number, syscall: string): void {
  if (endpointOf(fd) === undefined) return;
  throw osError('EBUSY', syscall, {
    strerror: `descriptor ${fd} belongs to another Socket: use detach() or dup()`,
  });
}

/**
 * Duplicates a descriptor; the new one does not belong to any socket.
 *
 * @throws {OSError} EBADF, EMFILE; EOPNOTSUPP if koffi does not load
 */
export function duplicateDescriptor(fd: number): number {
  const { missing } = posixDriver;
  if (missing !== undefined)
    throw osError('EOPNOTSUPP', 'dup', {
      strerror: `Operation not supported (it needs the posix driver: ${missing.why})`,
    });
  const copy = duplicate(fd);
  if (copy < 0) throw noteFailure(lastError('dup'));
  handOver(copy);
  return copy;
}

/** What a descriptor is: as specified, otherwise as the kernel reports. */
function kindOfDescriptor(fd: number, { family, type, proto }: Kind): Kind {
  expectAddress();
  if (libc().getsockname(fd, storage, storageLength) < 0) throw lastError('socket');
  const kind = {
    family: family === -1 ? readFamily() : family,
    type: type === -1 ? (getOption(fd, SOL_SOCKET, SO_TYPE) as number) : type,
    proto: proto === -1 ? protoOf(fd) : proto,
  };
  if (!posixDriver.supports(kind.family, kind.type))
    throw osError('ESOCKTNOSUPPORT', 'socket', {
      strerror: `Socket type not supported (descriptor ${fd} has family ${kind.family}, type ${kind.type})`,
    });
  return kind;
}

function protoOf(fd: number): number {
  try {
    return getOption(fd, SOL_SOCKET, SO_PROTOCOL) as number;
  } catch {
    // macOS has no such option.
    return 0;
  }
}

/** The driver with the system's selector: epoll on Linux, `uv_poll` on macOS. */
export const posixDriver: Driver = new PosixDriver(
  process.platform === 'linux' ? epollSelector : pollSelector,
);

/** The driver as on macOS, for tests on Linux. */
export const polledDriver: Driver = new PosixDriver(pollSelector);
