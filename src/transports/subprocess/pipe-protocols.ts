import type { Received } from '../../base/values/bytes.ts';
import type { ReadTransport, WriteTransport } from '../transport.ts';

/** Receives the events of the pipes to a child process. */
export interface PipeOwner {
  /** @internal */
  _pipeDataReceived(fd: number, data: Received): void;
  /** @internal */
  _pipeConnectionLost(fd: number, error: unknown): void;
  /** @internal */
  _tellWriting(method: 'pauseWriting' | 'resumeWriting'): void;
}

/**
 * The protocol of one pipe to a child process, which forwards to the child's transport.
 *
 * @see asyncio's `ReadSubprocessPipeProto` and `WriteSubprocessPipeProto`,
 *   `Lib/asyncio/base_subprocess.py`
 */
export class PipeProtocol<T extends ReadTransport | WriteTransport> {
  /** @internal */
  readonly _isInner = true as const;
  readonly fd: number;
  pipe: T | undefined;
  disconnected = false;
  readonly #owner: PipeOwner;

  constructor(owner: PipeOwner, fd: number) {
    this.#owner = owner;
    this.fd = fd;
  }

  connectionMade(_transport: T): void {}

  dataReceived(data: Received): void {
    this.#owner._pipeDataReceived(this.fd, data);
  }

  eofReceived(): void {}

  connectionLost(error?: unknown): void {
    this.disconnected = true;
    this.#owner._pipeConnectionLost(this.fd, error);
  }

  pauseWriting(): void {
    this.#owner._tellWriting('pauseWriting');
  }

  resumeWriting(): void {
    this.#owner._tellWriting('resumeWriting');
  }
}
