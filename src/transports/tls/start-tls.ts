import { ConnectionResetError } from '../../base/errors/os-errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { brief, typeNameOf } from '../../base/printing/repr.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { DuplexTransport } from '../duplex-transport.ts';
import { type ProtocolCallbacks, Transport } from '../transport.ts';
import { TlsClient, type TlsContext, TlsServer } from './context.ts';
import { type TlsTimeouts, TlsTransport } from './tls-transport.ts';

/** How to encrypt an existing connection. */
export interface StartTlsOptions extends TlsTimeouts {
  /** Is this the server's side? By default no. */
  readonly serverSide?: boolean | undefined;
  /** The name that the certificate must be for, also used for SNI. */
  readonly serverHostname?: string | undefined;
}

/** `loop.startTls()`, which documents it. */
export function startTls(
  loop: LoopCore,
  transport: Transport,
  protocol: ProtocolCallbacks,
  sslcontext: TlsContext,
  { serverSide = false, serverHostname, ...timeouts }: StartTlsOptions,
): Coroutine<Transport> {
  const start = async (): Promise<Transport> => {
    if (typeof sslcontext !== 'object' || sslcontext === null)
      throw typeError(
        `sslcontext must be a tls.SecureContext or an object of options, got ${typeNameOf(sslcontext)}`,
      );
    if (!(transport instanceof Transport))
      throw typeError(`transport ${brief(transport)} is not supported by startTls()`);
    const before = transport.getProtocol();
    if (before === undefined) throw new ConnectionResetError('Connection lost');
    const side = serverSide ? new TlsServer(sslcontext) : new TlsClient(sslcontext, serverHostname);
    const made = describeAs(new Future<void>(loop._asOption), 'startTls', transport);
    const encrypted = new TlsTransport(loop, side, protocol, {
      ...timeouts,
      made,
      callConnectionMade: false,
    });
    const { _writingPaused: wasPaused } = transport;
    // Bytes received so far were sent unencrypted, or belong to the handshake.
    const unread = before._takeUnread?.();
    // So that nothing is delivered before the protocol knows its transport.
    transport.pauseReading();
    transport.setProtocol(encrypted.protocol);
    if (transport instanceof DuplexTransport) transport._tellEndAgain();
    const begin = loop.callSoon(() => {
      encrypted.protocol.connectionMade(transport);
      if (unread !== undefined && unread.length > 0) encrypted.protocol.dataReceived(unread);
    });
    const resume = loop.callSoon(() => transport.resumeReading());
    try {
      await made;
    } catch (error) {
      encrypted.abort();
      transport.close();
      begin.cancel();
      resume.cancel();
      throw error;
    }
    if (wasPaused) encrypted._goOnAfterPause();
    return encrypted;
  };
  return new Coroutine(start, 'Loop.startTls', undefined);
}
