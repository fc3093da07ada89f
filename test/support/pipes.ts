/** Protocols on the ends of pipes, which record their calls. */
import {
  BaseProtocol,
  type Future,
  type Loop,
  type PipeLike,
  Protocol,
  type ReadTransport,
  type WriteTransport,
} from '../../src/index.ts';
import type { DriverName } from '../../src/socket.ts';

/** Records its calls, in order. */
export class PipeReader extends Protocol {
  readonly calls: string[] = [];
  data = '';
  /** Fulfilled with the argument of connectionLost(). */
  readonly lost: Future<unknown>;

  constructor(loop: Loop) {
    super();
    this.lost = loop.createFuture();
  }

  override connectionMade(_transport: unknown): void {
    this.calls.push('connectionMade');
  }

  override dataReceived(data: Buffer): void {
    this.data += data;
    this.calls.push(`dataReceived ${data.length > 20 ? data.length : data}`);
  }

  override eofReceived(): void {
    this.calls.push('eofReceived');
  }

  override connectionLost(error?: unknown): void {
    this.calls.push('connectionLost');
    this.lost.setResult(error);
  }
}

/** Records its calls, in order. */
export class PipeWriter extends BaseProtocol {
  readonly calls: string[] = [];
  /** Fulfilled with the argument of connectionLost(). */
  readonly lost: Future<unknown>;

  constructor(loop: Loop) {
    super();
    this.lost = loop.createFuture();
  }

  override connectionMade(_transport: unknown): void {
    this.calls.push('connectionMade');
  }

  override connectionLost(error?: unknown): void {
    this.calls.push('connectionLost');
    this.lost.setResult(error);
  }

  override pauseWriting(): void {
    this.calls.push('pauseWriting');
  }

  override resumeWriting(): void {
    this.calls.push('resumeWriting');
  }
}

/** A transport that reads, with a protocol that records its calls. */
export async function readingFrom(
  loop: Loop,
  pipe: PipeLike,
  driver?: DriverName,
): Promise<[ReadTransport, PipeReader]> {
  return await loop.connectReadPipe(() => new PipeReader(loop), pipe, { driver });
}

/** A transport that writes, with a protocol that records its calls. */
export async function writingTo(
  loop: Loop,
  pipe: PipeLike,
  driver?: DriverName,
): Promise<[WriteTransport, PipeWriter]> {
  return await loop.connectWritePipe(() => new PipeWriter(loop), pipe, { driver });
}
