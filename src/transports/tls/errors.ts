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

/** OpenSSL's details of an error. */
interface OpenSSLError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** Converts an error of Node's TLS to ours, with Python's message. */
export function tlsError(error: unknown, socket: TLSSocket): unknown {
  if (!isA(error, Error)) return error;
  const { code, message, reason } = error as OpenSSLError;
  if (isRefusal(error, socket)) return certificateError(error);
  if (code?.startsWith('ERR_SSL_')) {
    const text = `[SSL: ${code.slice('ERR_SSL_'.length)}] ${reason ?? message}`;
    return new SSLError(text, { code, cause: error });
  }
  // Node's error for a peer that closed during the handshake.
  if (code === 'ECONNRESET') return connectionReset(error);
  const known = fromNodeError(error);
  return isA(known, OSError) || code === undefined
    ? known
    : new SSLError(message, { code, cause: error });
}

/** The peer has no trusted certificate. */
export function certificateError(error: Error): SSLCertVerificationError {
  const { code, message } = error as OpenSSLError;
  // Newer Nodes append advice that does not apply here; it stays in `cause`.
  const [reason] = message.split('; if the root CA', 1);
  const text = `[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${reason}`;
  return new SSLCertVerificationError(text, { code, cause: error });
}

/** The peer closed the connection during the handshake. */
export function connectionReset(cause?: Error): ConnectionResetError {
  const text = 'the peer closed the connection during the SSL handshake';
  return forAwait(new ConnectionResetError(text, { code: 'ECONNRESET', cause }));
}

/** Is the error the reason why a certificate was refused? */
function isRefusal(error: Error, { authorizationError }: TLSSocket): boolean {
  const reason: unknown = authorizationError;
  if (reason === undefined || reason === null) return false;
  return reason === (error as OpenSSLError).code || reason === error.message || reason === error;
}
