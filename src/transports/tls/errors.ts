import type { TLSSocket } from 'node:tls';
import { forAwait } from '../../base/errors/errors.ts';
import {
  ConnectionResetError,
  fromNodeError,
  OSError,
  SSLCertVerificationError,
  SSLError,
} from '../../base/errors/os-errors.ts';
import { isA } from '../../base/values/attempt.ts';

/** What OpenSSL tells of a failure. */
interface OpenSSLError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** A failure of Node's TLS as one of ours, with the text that Python has for it. */
export function tlsError(error: unknown, socket: TLSSocket): unknown {
  if (!isA(error, Error)) return error;
  const { code, message, reason } = error as OpenSSLError;
  if (isRefusal(error, socket)) return certificateError(error);
  if (code?.startsWith('ERR_SSL_')) {
    const text = `[SSL: ${code.slice('ERR_SSL_'.length)}] ${reason ?? message}`;
    return new SSLError(text, { code, cause: error });
  }
  // Node's way to say that the peer was gone before the handshake was done.
  if (code === 'ECONNRESET') return connectionReset(error);
  const known = fromNodeError(error);
  return isA(known, OSError) || code === undefined
    ? known
    : new SSLError(message, { code, cause: error });
}

/** The peer has no certificate that could be trusted. */
export function certificateError(error: Error): SSLCertVerificationError {
  const { code, message } = error as OpenSSLError;
  // Newer Nodes add advice, which is none where the certificates are chosen: it stays in `cause`.
  const [reason] = message.split('; if the root CA', 1);
  const text = `[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${reason}`;
  return new SSLCertVerificationError(text, { code, cause: error });
}

/** The peer went away in the middle of the handshake. */
export function connectionReset(cause?: Error): ConnectionResetError {
  const text = 'the peer closed the connection during the SSL handshake';
  return forAwait(new ConnectionResetError(text, { code: 'ECONNRESET', cause }));
}

/** Does the error say why a certificate was refused? */
function isRefusal(error: Error, { authorizationError }: TLSSocket): boolean {
  const reason: unknown = authorizationError;
  if (reason === undefined || reason === null) return false;
  return reason === (error as OpenSSLError).code || reason === error.message || reason === error;
}
