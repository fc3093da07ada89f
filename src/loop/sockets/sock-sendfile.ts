import { fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { SENDFILE_FALLBACK_READBUFFER_SIZE } from '../../base/constants.ts';
import { RuntimeError, SendfileNotAvailableError } from '../../base/errors/errors.ts';
import { fromNodeError } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { wrapPromise } from '../../core/coroutines/ensure-future.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { SOCK_STREAM } from '../../sock/constants/constants.ts';
import { sendAndSeek } from '../../sock/descriptors/file-position.ts';
import type { Endpoint, Ready } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import type { BorrowedSocket } from '../../transports/borrowed-socket.ts';
import { transportRefusal } from '../../transports/readiness-watch.ts';

/**
 * A file to send: a descriptor, or an object with one, such as a `FileHandle` of
 * `node:fs/promises`.
 */
export type SentFile =
  | number
  | {
      /** The descriptor. */
      readonly fd: number;
    };

/** Options for sending a file. */
export interface SendfileOptions {
  /** Read the file and send its bytes if the system cannot send it; by default `true`. */
  readonly fallback?: boolean | undefined;
}

/** What sending needs from a loop. */
interface SendingLoop extends LoopCore {
  sockSendall(sock: Socket, data: Uint8Array): PromiseLike<void>;
}

const readFile = promisify(read);

/** See `Loop.sockSendfile()`. */
export function sockSendfile(
  loop: SendingLoop,
  sock: Socket,
  file: SentFile,
  offset: number,
  count: number | undefined,
  { fallback = true }: SendfileOptions,
): Coroutine<number> {
  const send = async (): Promise<number> => {
    const fd = checkSendfile(loop, sock, file, offset, count);
    return await sendAndSeek(fd, offset, async (note) => {
      try {
        await sendBySystem(loop, sock, fd, offset, count, note);
      } catch (error) {
        if (!fallback || !isA(error, SendfileNotAvailableError)) throw error;
        await sendByReading(loop, sock, fd, offset, count, note);
      }
    });
  };
  return new Coroutine(send, 'Loop.sockSendfile', undefined);
}

/**
 * Sends the file by a system call. Throws if that is unavailable, before anything is sent.
 *
 * @param borrowed - set if the socket belongs to a transport
 */
export async function sendBySystem(
  loop: LoopCore,
  sock: Socket,
  file: number,
  offset: number,
  count: number | undefined,
  note: (nbytes: number) => void,
  borrowed?: BorrowedSocket,
): Promise<void> {
  const endpoint = sock._endpoint;
  if (endpoint.trySendfile === undefined)
    throw new SendfileNotAvailableError(
      `syscall sendfile is not available for socket ${sock} and file ${file} combination`,
    );
  // An empty file needs no system call, and a descriptor that is not a file's fails here.
  if (sizeOf(file) === 0 && count === undefined) return;
  let sent = 0;
  while (count === undefined || sent < count) {
    const left = (count ?? Number.MAX_SAFE_INTEGER) - sent;
    let now: number;
    borrowed?.check();
    try {
      now = endpoint.trySendfile(file, offset + sent, left);
    } catch (error) {
      if (sent > 0) throw error;
      throw new SendfileNotAvailableError('os.sendfile call failed', { cause: error });
    }
    if (now === 0) return;
    if (now > 0) {
      sent += now;
      note(now);
    }
    // As in asyncio, others get a turn between two calls, each of which may send a lot.
    if (now < 0) await room(loop, sock, endpoint, borrowed);
    else await turn(loop);
  }
}

async function sendByReading(
  loop: SendingLoop,
  sock: Socket,
  file: number,
  offset: number,
  count: number | undefined,
  note: (nbytes: number) => void,
): Promise<void> {
  const left = (sent: number): number => (count ?? Number.MAX_SAFE_INTEGER) - sent;
  const buffer = Buffer.allocUnsafe(Math.min(left(0), SENDFILE_FALLBACK_READBUFFER_SIZE));
  for (let sent = 0; left(sent) > 0; ) {
    const most = Math.min(left(sent), buffer.length);
    const bytesRead = await readSome(loop, file, buffer.subarray(0, most), offset + sent);
    if (bytesRead === 0) return;
    await loop.sockSendall(sock, buffer.subarray(0, bytesRead));
    sent += bytesRead;
    note(bytesRead);
  }
}

/** Reads a part of a file, off the main thread; returns the number of bytes, 0 at its end. */
export async function readSome(
  loop: LoopCore,
  file: number,
  buffer: Uint8Array,
  place: number,
): Promise<number> {
  // An error counts as a result, because after a cancel nothing awaits it, and the file may be
  // closed.
  const reading = readFile(file, buffer, 0, buffer.length, place).then(
    ({ bytesRead }) => bytesRead,
    (error: unknown) => ({ error: fromNodeError(error) }),
  );
  const outcome = await wrapPromise(reading, { loop });
  if (typeof outcome !== 'number') throw outcome.error;
  return outcome;
}

/** Waits for room to send. */
async function room(
  loop: LoopCore,
  sock: Socket,
  endpoint: Endpoint,
  borrowed: BorrowedSocket | undefined,
): Promise<void> {
  refuseSecond(sock, endpoint);
  if (borrowed !== undefined) {
    const waiter: Ready = { ready: () => borrowed.wake() };
    endpoint.writer = waiter;
    try {
      return await borrowed.wait();
    } finally {
      if (endpoint.writer === waiter) endpoint.writer = undefined;
    }
  }
  const ready = describeAs(new Future<void>(loop._asOption), 'sockSendfile', sock);
  const waiter: Ready = { ready: () => void (ready.done() || ready.setResult()) };
  endpoint.writer = waiter;
  try {
    await ready;
  } finally {
    if (endpoint.writer === waiter) endpoint.writer = undefined;
  }
}

async function turn(loop: LoopCore): Promise<void> {
  const passed = describeAs(new Future<void>(loop._asOption), 'sockSendfile');
  loop._turns.soon({ _run: () => void (passed.done() || passed.setResult()) });
  await passed;
}

function refuseSecond(sock: Socket, endpoint: Endpoint): void {
  const { writer } = endpoint;
  if (writer === undefined) return;
  throw (
    transportRefusal(sock, writer) ??
    new RuntimeError(
      `sockSendfile(): another operation is already sending or connecting on ${sock}`,
    )
  );
}

function sizeOf(file: number): number {
  try {
    return fstatSync(file).size;
  } catch (error) {
    throw new SendfileNotAvailableError('not a regular file', { cause: error });
  }
}

/** @returns the file's descriptor */
function checkSendfile(
  loop: LoopCore,
  sock: unknown,
  file: unknown,
  offset: unknown,
  count: unknown,
): number {
  if (!(sock instanceof Socket))
    throw typeError(`sockSendfile(): sock must be a Socket, got ${brief(sock)}`);
  if (loop.isClosed()) throw new RuntimeError('Event loop is closed');
  if (loop.getDebug() && sock.gettimeout() !== 0)
    throw rangeError('the socket must be non-blocking');
  const fd = checkFile(file, offset, count);
  if (sock.type !== SOCK_STREAM) throw rangeError('only SOCK_STREAM type sockets are supported');
  refuseSecond(sock, sock._endpoint);
  return fd;
}

/**
 * @returns the file's descriptor
 * @throws {TypeError} when it has no descriptor
 * @throws {RangeError} when a number is out of range
 */
export function checkFile(file: unknown, offset: unknown, count: unknown): number {
  const fd = typeof file === 'number' ? file : (file as { fd?: unknown } | null)?.fd;
  if (typeof fd !== 'number')
    throw typeError(`file must be a descriptor or a FileHandle, got ${brief(file)}`);
  checkWhole(fd, 0, 0x7fffffff, 'file');
  if (count !== undefined) checkWhole(count, 1, Number.MAX_SAFE_INTEGER, 'count');
  checkWhole(offset, 0, Number.MAX_SAFE_INTEGER, 'offset');
  return fd;
}
