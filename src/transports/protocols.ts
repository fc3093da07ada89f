import type { ProtocolCallbacks, Transport } from './transport.ts';

/**
 * What all protocols are told. The methods do nothing: a protocol has those that it needs.
 *
 * All are called by the loop, `pauseWriting()` and `resumeWriting()` also from within a call of the
 * transport.
 *
 * @see asyncio's `BaseProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol
 */
export class BaseProtocol implements ProtocolCallbacks {
  /** The connection stands; called once, and first. */
  connectionMade(_transport: Transport): void {}

  /**
   * The connection is gone; called once, and last.
   *
   * @param _error - what broke it; `undefined` when it was closed, by whichever side
   */
  connectionLost(_error?: unknown): void {}

  /** More waits to be sent than the high-water mark allows: write no more for now. */
  pauseWriting(): void {}

  /** Little enough waits to be sent: write on. */
  resumeWriting(): void {}
}

/**
 * The protocol of a stream of bytes.
 *
 *   connectionMade ──▶ dataReceived, as often as bytes come ──▶ eofReceived ──▶ connectionLost
 *         └──────────────────────────┴───────────────────────────────────────────────▲
 *
 * @see asyncio's `Protocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol
 */
export class Protocol extends BaseProtocol {
  /**
   * Bytes came. Where they are cut has nothing to do with how the peer wrote them.
   *
   * @param _data - an array that nothing else writes to, never empty
   */
  dataReceived(_data: Uint8Array): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to go on sending; else the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}
