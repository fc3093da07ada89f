import type { Duplex } from 'node:stream';
import type { ConnectionOptions, SecureContext, SecureContextOptions, TLSSocket } from 'node:tls';
import { checkText } from '../../base/check-types.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { net, tls } from '../../base/node-modules.ts';
import { brief, typeNameOf } from '../../base/printing/repr.ts';
import { simulatedSystem } from '../../sock/addresses/simulated-system.ts';

/** SSL_OP_NO_TICKET. In a simulation, because the length of an encrypted session ticket is random. */
const NO_TICKET = 0x4000;

/**
 * How to encrypt a connection: Node's options for `tls.createSecureContext()` (`key`, `cert`, `ca`,
 * …), and options of a single connection:
 *
 * - `secureContext`: an existing one, instead of `key`, `cert` and the like
 * - `ALPNProtocols`: the protocols to offer, in order of preference
 * - `requestCert`, `rejectUnauthorized`: must the peer have a trusted certificate? A client always
 *   asks for one
 * - `checkServerIdentity`: how the client checks the name of a certificate; by default
 *   `tls.checkServerIdentity()`
 * - `SNICallback`: finds the server's certificate for the name that the client requests
 * - `session`: a session to resume
 */
export interface TlsOptions
  extends SecureContextOptions,
    Pick<
      ConnectionOptions,
      | 'secureContext'
      | 'ALPNProtocols'
      | 'requestCert'
      | 'rejectUnauthorized'
      | 'checkServerIdentity'
      | 'SNICallback'
      | 'session'
      | 'minDHSize'
      | 'enableTrace'
    > {}

/**
 * The counterpart of Python's `ssl.SSLContext`: the result of `tls.createSecureContext()`, or
 * options.
 */
export type TlsContext = SecureContext | TlsOptions;

/** The client's or server's side of encrypted connections. */
export type TlsSide = TlsClient | TlsServer;

/** Encrypts as a client. */
export class TlsClient {
  readonly context: SecureContext;
  readonly serverSide = false;
  readonly #options: TlsOptions;
  readonly #hostname: string;

  /**
   * @param ssl - `true` for the defaults
   * @param hostname - the name that the certificate must be for
   * @throws {TypeError} when `ssl` is not a context, or `hostname` is not a string
   * @throws {RangeError} when the name that must be checked is missing, or contains a null
   *   character
   * @throws like `tls.createSecureContext()`
   */
  constructor(ssl: TlsContext | true, hostname: string | undefined) {
    if (hostname !== undefined) checkText(hostname, 'serverHostname');
    this.#options = optionsOf(ssl, true);
    this.#hostname = hostname ?? '';
    const { rejectUnauthorized, checkServerIdentity } = this.#options;
    const checksName = rejectUnauthorized !== false && checkServerIdentity === undefined;
    if (this.#hostname === '' && checksName && ssl !== true)
      throw rangeError(
        'serverHostname is needed to check the certificate, unless ssl has checkServerIdentity',
      );
    this.context = this.#options.secureContext ?? tls().createSecureContext(this.#options);
  }

  /** Encrypts `duplex`, and starts the handshake. */
  wrap(duplex: Duplex): TLSSocket {
    const hostname = this.#hostname;
    const check = this.#options.checkServerIdentity;
    const { key: _key, cert: _cert, ca: _ca, pfx: _pfx, ...options } = this.#options;
    return tls().connect({
      ...options,
      socket: duplex,
      secureContext: this.context,
      host: hostname,
      // SNI does not allow IP addresses.
      ...(net().isIP(hostname) === 0 && { servername: hostname }),
      ...(check !== undefined && {
        checkServerIdentity: (name, certificate) => {
          try {
            return check(hostname === '' ? name : hostname, certificate);
          } catch (error) {
            // Node would not catch it.
            return error as Error;
          }
        },
      }),
      ...(check === undefined && hostname === '' && { checkServerIdentity: () => undefined }),
    });
  }

  /** Why the peer is refused after the handshake: never, because Node has already checked it. */
  refusal(): undefined {
    return undefined;
  }
}

/** Encrypts as a server. */
export class TlsServer {
  readonly context: SecureContext;
  readonly serverSide = true;
  readonly #options: TlsOptions;

  /**
   * @throws {TypeError} when `ssl` is not a context
   * @throws {RangeError} when there is no certificate
   * @throws like `tls.createSecureContext()`
   */
  constructor(ssl: TlsContext) {
    const options = optionsOf(ssl, false);
    const { secureContext, cert, pfx, SNICallback } = options;
    if ((secureContext ?? cert ?? pfx ?? SNICallback) === undefined)
      throw rangeError('a TLS server needs a certificate: ssl must have key and cert, or pfx');
    this.#options = options;
    this.context =
      secureContext ??
      // Like Node's own servers, so that sessions of clients with certificates can be resumed.
      tls().createSecureContext({
        honorCipherOrder: true,
        sessionIdContext: 'asyncio-ts',
        ...options,
        ...(simulatedSystem() && { secureOptions: (options.secureOptions ?? 0) | NO_TICKET }),
      });
  }

  /**
   * Encrypts `duplex`; the client starts the handshake.
   *
   * @param failed - called with errors from callbacks in the options, which Node would not catch
   */
  wrap(duplex: Duplex, failed: (error: unknown) => void): TLSSocket {
    const { ALPNProtocols, requestCert, enableTrace } = this.#options;
    const { SNICallback: find, ALPNCallback: choose } = this.#options;
    const SNICallback: typeof find = (name, done) => {
      const refuse = (error: unknown): void =>
        done((error ?? new Error('SNICallback failed')) as Error);
      try {
        const given: unknown = find?.(name, done);
        // Node would let the rejection of an async callback end the process.
        if (given instanceof Promise) given.catch(refuse);
      } catch (error) {
        refuse(error);
      }
    };
    const ALPNCallback: typeof choose = (asked) => {
      try {
        const chosen = choose?.(asked);
        if (chosen === undefined || asked.protocols.includes(chosen)) return chosen;
        throw rangeError(
          `ALPNCallback must return one of ${brief(asked.protocols)}, got ${brief(chosen)}`,
        );
      } catch (error) {
        failed(error);
        return undefined;
      }
    };
    return new (tls().TLSSocket)(
      duplex as never,
      {
        isServer: true,
        secureContext: this.context,
        requestCert,
        rejectUnauthorized: this.#rejectsUnauthorized,
        ALPNProtocols,
        ALPNCallback: choose && ALPNCallback,
        SNICallback: find && SNICallback,
        enableTrace,
      } as ConstructorParameters<typeof TLSSocket>[1],
    );
  }

  /** Why the client is refused after the handshake. */
  refusal(socket: TLSSocket): Error | undefined {
    if (!this.#rejectsUnauthorized) return undefined;
    // Undocumented; Node's own servers call this, too.
    const { ssl } = socket as unknown as { ssl: { verifyError(): Error | null } };
    return ssl.verifyError() ?? undefined;
  }

  get #rejectsUnauthorized(): boolean {
    const { requestCert = false, rejectUnauthorized = true } = this.#options;
    return requestCert && rejectUnauthorized;
  }
}

/** The options in `ssl`. */
function optionsOf(ssl: unknown, mayBeTrue: boolean): TlsOptions {
  if (ssl === true && mayBeTrue) return {};
  if (typeof ssl !== 'object' || ssl === null || Array.isArray(ssl))
    throw typeError(
      `ssl must be ${mayBeTrue ? 'true, ' : ''}a tls.SecureContext or an object of options, got ${typeNameOf(ssl)}`,
    );
  return isSecureContext(ssl) ? { secureContext: ssl } : (ssl as TlsOptions);
}

function isSecureContext(ssl: object): ssl is SecureContext {
  return typeof (ssl as { context?: unknown }).context === 'object';
}
