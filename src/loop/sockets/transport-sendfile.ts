import { SENDFILE_PIECE } from '../../base/constants.ts';
import { RuntimeError, SendfileNotAvailableError } from '../../base/errors/errors.ts';
import { ConnectionError } from '../../base/errors/os-errors.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { sendAndSeek } from '../../sock/descriptors/file-position.ts';
import { Protocol } from '../../transports/protocols.ts';
import { SocketTransport } from '../../transports/socket-transport.ts';
import { type ProtocolCallbacks, Transport } from '../../transports/transport.ts';
import {
  checkFile,
  readSome,
  type SendfileOptions,
  type SentFile,
  sendBySystem,
} from './sock-sendfile.ts';

/** The part of a file to send, and a callback for the bytes sent. */
interface Part {
  readonly fd: number;
  readonly offset: number;
  readonly count: number | undefined;
  readonly note: (nbytes: number) => void;
}

/** See `Loop.sendfile()`. */
export function sendfile(
  loop: LoopCore,
  transport: Transport,
  file: SentFile,
  offset: number,
  count: number | undefined,
  { fallback = true }: SendfileOptions,
): Coroutine<number> {
  const send = async (): Promise<number> => {
    checkTransport(transport, fallback);
    const fd = checkFile(file, offset, count);
    return await sendAndSeek(fd, offset, async (note) => {
      const part: Part = { fd, offset, count, note };
      if (!(await sendNatively(loop, transport, part, fallback)))
        await sendByWriting(loop, transport, part);
    });
  };
  return new Coroutine(send, 'Loop.sendfile', undefined);
}

function checkTransport(transport: unknown, fallback: boolean): void {
  const how = transport instanceof Transport ? transport._sendsFiles : undefined;
  if (how === undefined)
    throw new RuntimeError(`sendfile is not supported for transport ${brief(transport)}`);
  if ((transport as Transport).isClosing()) throw new RuntimeError('Transport is closing');
  if (how === 'by writing' && !fallback)
    throw new RuntimeError(
      `fallback is disabled and native sendfile is not supported for transport ${transport}`,
    );
}

/** Sends by a system call; returns `false` if that is unavailable, before anything is sent. */
async function sendNatively(
  loop: LoopCore,
  transport: Transport,
  { fd, offset, count, note }: Part,
  fallback: boolean,
): Promise<boolean> {
  if (!(transport instanceof SocketTransport)) return false;
  try {
    await transport._lend((borrowed) =>
      sendBySystem(loop, borrowed.sock, fd, offset, count, note, borrowed),
    );
    return true;
  } catch (error) {
    if (!fallback || !isA(error, SendfileNotAvailableError)) throw error;
    return false;
  }
}

/** Reads the file, and writes it to the transport as fast as the peer reads it. */
async function sendByWriting(
  loop: LoopCore,
  transport: Transport,
  { fd, offset, count, note }: Part,
): Promise<void> {
  const left = (sent: number): number => (count ?? Number.MAX_SAFE_INTEGER) - sent;
  const buffer = Buffer.allocUnsafe(Math.min(left(0), SENDFILE_PIECE));
  const sending = new SendingProtocol(loop, transport);
  try {
    for (let sent = 0; left(sent) > 0; ) {
      const most = Math.min(left(sent), buffer.length);
      const nbytes = await readSome(loop, fd, buffer.subarray(0, most), offset + sent);
      if (nbytes === 0) return;
      await sending.drain();
      transport.write(buffer.subarray(0, nbytes));
      sent += nbytes;
      note(nbytes);
    }
  } finally {
    sending.restore();
  }
}

/**
 * Replaces the protocol of a transport while a file is written to it.
 *
 * @see asyncio's `_SendfileFallbackProtocol`, `Lib/asyncio/base_events.py`
 */
class SendingProtocol extends Protocol {
  readonly #loop: LoopCore;
  readonly #transport: Transport;
  /** The replaced protocol. */
  readonly #protocol: ProtocolCallbacks;
  readonly #resumesReading: boolean;
  /** Must the protocol be resumed? It was paused before. */
  readonly #resumesWriting: boolean;
  /** Done when there is room; undefined while there is. */
  #room: Future<void> | undefined;
  /** Why the connection was lost, if it was. */
  #lost: { readonly error: unknown } | undefined;
  /** Is the server shutting down? */
  #mustLeave = false;

  constructor(loop: LoopCore, transport: Transport) {
    super();
    this.#loop = loop;
    this.#transport = transport;
    this.#protocol = transport.getProtocol() as ProtocolCallbacks;
    this.#resumesReading = transport.isReading();
    this.#resumesWriting = transport._writingPaused;
    transport.pauseReading();
    transport.setProtocol(this);
    if (this.#resumesWriting) this.pauseWriting();
  }

  /** Waits until there is room. */
  async drain(): Promise<void> {
    if (this.#transport.isClosing()) throw new ConnectionError('Connection closed by peer');
    await this.#room;
    if (this.#lost !== undefined)
      throw this.#lost.error ?? new ConnectionError('Connection is closed by peer');
  }

  /** Restores the protocol. */
  restore(): void {
    // The code that waited for it has been cancelled.
    this.#room?.cancel();
    if (this.#lost !== undefined) return;
    const [transport, protocol] = [this.#transport, this.#protocol];
    transport.setProtocol(protocol);
    if (this.#resumesReading) transport.resumeReading();
    if (transport._writingPaused !== this.#resumesWriting) {
      if (this.#resumesWriting) protocol.resumeWriting();
      else protocol.pauseWriting();
    }
    if (!this.#mustLeave) return;
    if (protocol.shutdownRequested === undefined) transport.close();
    else protocol.shutdownRequested();
  }

  override pauseWriting(): void {
    this.#room ??= describeAs(new Future<void>(this.#loop._asOption), 'sendfile');
  }

  override resumeWriting(): void {
    if (this.#room?.done() === false) this.#room.setResult();
    this.#room = undefined;
  }

  shutdownRequested(): void {
    this.#mustLeave = true;
  }

  override connectionLost(error?: unknown): void {
    this.#lost = { error };
    this.resumeWriting();
    this.#protocol.connectionLost(error);
  }
}
