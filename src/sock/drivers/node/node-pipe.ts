import { osError } from '../../../base/errors/os-errors.ts';
import { AF_UNIX } from '../../constants/constants.ts';
import type { PipeEnd } from '../../endpoint/endpoint.ts';
import type { StreamHandle } from './handles/handle-types.ts';
import { outside, SOCKET_KIND, streamClasses } from './handles/node-handles.ts';
import { StreamEndpoint } from './stream-endpoint.ts';

/** Descriptors on which there is a handle. */
const taken = new Set<number>();

/** One end of a pipe on a Node handle. For libuv it is the same as an AF_UNIX socket. */
export class NodePipe extends StreamEndpoint implements PipeEnd {
  readonly noticesReader: boolean;

  /**
   * @param from - a descriptor, or a handle that has one
   * @throws {OSError} when libuv refuses the descriptor
   */
  constructor(from: number | StreamHandle, noticesReader: boolean) {
    super(AF_UNIX, 0, typeof from === 'number' ? outside(openPipeHandle, from) : from);
    this.noticesReader = noticesReader;
  }

  protected override released(fd: number): void {
    taken.delete(fd);
  }
}

function openPipeHandle(fd: number): StreamHandle {
  // libuv ends the process when two handles poll a descriptor, or one is closed under the other.
  if (taken.has(fd)) throw osError('EBUSY', 'open');
  const { pipe } = streamClasses();
  const handle = new pipe(SOCKET_KIND);
  handle.unref();
  const status = handle.open(fd) ?? 0;
  if (status < 0) {
    handle.close();
    throw osError(status, 'open');
  }
  taken.add(fd);
  return handle;
}
