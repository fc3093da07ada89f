/**
 * Errors of the operating system, with Python's names and texts.
 */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { isA, textOf } from '../values/attempt.ts';
import { named } from './errors.ts';

/** The details of an {@link OSError}. */
export interface OSErrorDetails {
  /** The name of the error: `'ECONNRESET'`. */
  readonly code?: string | undefined;
  /** Node's number of it, negative. */
  readonly errno?: number | undefined;
  /** The call that failed: `'connect'`. */
  readonly syscall?: string | undefined;
  /** The system's words, without the number. */
  readonly strerror?: string | undefined;
  /** The path it was about, where there is one. */
  readonly filename?: string | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * A failure that the operating system reports.
 *
 * What the text says is Python's: `[Errno 111] Connection refused`. What the fields say is
 * Node's, so that code written for Node's errors goes on working: `code` is the name, `errno` is
 * negative.
 *
 * @see Python's `OSError`, https://docs.python.org/3/library/exceptions.html#OSError
 */
export class OSError extends Error {
  static {
    named(this, 'OSError');
  }

  /** Node's number of the error, negative; `undefined` if it does not come from a system call. */
  declare readonly errno: number | undefined;
  /** The name of the error, such as `'ECONNRESET'`. */
  declare readonly code: string | undefined;
  /** The call that failed, such as `'connect'`. */
  declare readonly syscall: string | undefined;
  /** The system's words, without the number: `'Connection refused'`. */
  declare readonly strerror: string | undefined;
  /** The path it was about. */
  declare readonly filename: string | undefined;

  /**
   * @param message - the whole text; `osError()` composes Python's
   * @param details - what the fields shall say
   */
  constructor(message?: string, details: OSErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // Only what is known becomes a field: util.inspect prints the fields behind the stack.
    if (details.errno !== undefined) show(this, 'errno', details.errno);
    if (details.code !== undefined) show(this, 'code', details.code);
    if (details.syscall !== undefined) show(this, 'syscall', details.syscall);
    if (details.filename !== undefined) show(this, 'filename', details.filename);
    // Not printed: the message ends with the same words.
    if (details.strerror !== undefined) hide(this, 'strerror', details.strerror);
  }
}

/** An operation on a non-blocking socket would have to wait. */
export class BlockingIOError extends OSError {
  static {
    named(this, 'BlockingIOError');
  }
}

/** No such child process. */
export class ChildProcessError extends OSError {
  static {
    named(this, 'ChildProcessError');
  }
}

/** The base of all that can happen to a connection. */
export class ConnectionError extends OSError {
  static {
    named(this, 'ConnectionError');
  }
}

/** Sent to a peer that is gone, or after the sending side was shut down. */
export class BrokenPipeError extends ConnectionError {
  static {
    named(this, 'BrokenPipeError');
  }
}

/** The connection was given up on this side. */
export class ConnectionAbortedError extends ConnectionError {
  static {
    named(this, 'ConnectionAbortedError');
  }
}

/**
 * TLS failed: what came was not what it should be, or one side refused the other.
 *
 * The text is OpenSSL's, as Python has it; `code` is Node's: `'ERR_SSL_WRONG_VERSION_NUMBER'`.
 *
 * @see Python's `ssl.SSLError`, https://docs.python.org/3/library/ssl.html#ssl.SSLError
 */
export class SSLError extends OSError {
  static {
    named(this, 'SSLError');
  }
}

/**
 * The peer's certificate is not to be trusted, or is for somebody else. `code` says why:
 * `'DEPTH_ZERO_SELF_SIGNED_CERT'`, `'CERT_HAS_EXPIRED'`, `'ERR_TLS_CERT_ALTNAME_INVALID'`, …
 *
 * @see Python's `ssl.SSLCertVerificationError`,
 *   https://docs.python.org/3/library/ssl.html#ssl.SSLCertVerificationError
 */
export class SSLCertVerificationError extends SSLError {
  static {
    named(this, 'SSLCertVerificationError');
  }
}

/** Nobody listens at the address. */
export class ConnectionRefusedError extends ConnectionError {
  static {
    named(this, 'ConnectionRefusedError');
  }
}

/** The peer threw the connection away. */
export class ConnectionResetError extends ConnectionError {
  static {
    named(this, 'ConnectionResetError');
  }
}

/** The file is there already. */
export class FileExistsError extends OSError {
  static {
    named(this, 'FileExistsError');
  }
}

/** No such file. */
export class FileNotFoundError extends OSError {
  static {
    named(this, 'FileNotFoundError');
  }
}

/** A signal interrupted the call. */
export class InterruptedError extends OSError {
  static {
    named(this, 'InterruptedError');
  }
}

/** A file was wanted, and it is a directory. */
export class IsADirectoryError extends OSError {
  static {
    named(this, 'IsADirectoryError');
  }
}

/** A directory was wanted, and it is something else. */
export class NotADirectoryError extends OSError {
  static {
    named(this, 'NotADirectoryError');
  }
}

/** The caller does not have the permission. */
export class PermissionError extends OSError {
  static {
    named(this, 'PermissionError');
  }
}

/** No such process. */
export class ProcessLookupError extends OSError {
  static {
    named(this, 'ProcessLookupError');
  }
}

/** A time limit ran out: the system's, or one of ours. */
export class TimeoutError extends OSError {
  static {
    named(this, 'TimeoutError');
  }
}

/**
 * A name could not be resolved. The number in the text is that of `getaddrinfo()`: `[Errno -2]`.
 *
 * @see Python's `socket.gaierror`, https://docs.python.org/3/library/socket.html#socket.gaierror
 */
export class gaierror extends OSError {
  static {
    named(this, 'gaierror');
  }
}

/**
 * A host is not known: of `gethostbyaddr()` and `gethostbynameEx()`.
 *
 * @see Python's `socket.herror`, https://docs.python.org/3/library/socket.html#socket.herror
 */
export class herror extends OSError {
  static {
    named(this, 'herror');
  }
}

type OSErrorClass = new (message?: string, details?: OSErrorDetails) => OSError;

/** The codes that have a class of their own, as PEP 3151 has them. */
const CLASSES: ReadonlyMap<string, OSErrorClass> = new Map<string, OSErrorClass>([
  ['EAGAIN', BlockingIOError],
  ['EALREADY', BlockingIOError],
  ['EINPROGRESS', BlockingIOError],
  ['EWOULDBLOCK', BlockingIOError],
  ['ECHILD', ChildProcessError],
  ['EPIPE', BrokenPipeError],
  ['ESHUTDOWN', BrokenPipeError],
  ['ECONNABORTED', ConnectionAbortedError],
  ['ECONNREFUSED', ConnectionRefusedError],
  ['ECONNRESET', ConnectionResetError],
  ['EEXIST', FileExistsError],
  ['ENOENT', FileNotFoundError],
  ['EINTR', InterruptedError],
  ['EISDIR', IsADirectoryError],
  ['ENOTDIR', NotADirectoryError],
  ['EACCES', PermissionError],
  ['EPERM', PermissionError],
  ['ESRCH', ProcessLookupError],
  ['ETIMEDOUT', TimeoutError],
]);

/** libuv's words are libc's with a small first letter, but for these. */
const TEXTS: Readonly<Record<string, string>> = {
  E2BIG: 'Argument list too long',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EALREADY: 'Operation already in progress',
  EBUSY: 'Device or resource busy',
  ECHILD: 'No child processes',
  EDEADLK: 'Resource deadlock avoided',
  EDQUOT: 'Disk quota exceeded',
  EEXIST: 'File exists',
  EFAULT: 'Bad address',
  EHOSTUNREACH: 'No route to host',
  EILSEQ: 'Invalid or incomplete multibyte or wide character',
  EINPROGRESS: 'Operation now in progress',
  EIO: 'Input/output error',
  EISCONN: 'Transport endpoint is already connected',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENETRESET: 'Network dropped connection on reset',
  ENFILE: 'Too many open files in system',
  ENOEXEC: 'Exec format error',
  ENOLCK: 'No locks available',
  ENOMEM: 'Cannot allocate memory',
  ENOTCONN: 'Transport endpoint is not connected',
  ENOTSUP: 'Operation not supported',
  EOPNOTSUPP: 'Operation not supported',
  ERANGE: 'Numerical result out of range',
  ESHUTDOWN: 'Cannot send after transport endpoint shutdown',
  ESPIPE: 'Illegal seek',
  ESTALE: 'Stale file handle',
  ETIME: 'Timer expired',
  ETXTBSY: 'Text file busy',
  EWOULDBLOCK: 'Resource temporarily unavailable',
  EXDEV: 'Invalid cross-device link',
};

/** The failures of `getaddrinfo()`: its number in C, and glibc's words. */
const RESOLVER: Readonly<Record<string, readonly [number, string]>> = {
  EAI_BADFLAGS: [-1, 'Bad value for ai_flags'],
  EAI_NONAME: [-2, 'Name or service not known'],
  EAI_AGAIN: [-3, 'Temporary failure in name resolution'],
  EAI_FAIL: [-4, 'Non-recoverable failure in name resolution'],
  EAI_NODATA: [-5, 'No address associated with hostname'],
  EAI_FAMILY: [-6, 'ai_family not supported'],
  EAI_SOCKTYPE: [-7, 'ai_socktype not supported'],
  EAI_SERVICE: [-8, 'Servname not supported for ai_socktype'],
  EAI_ADDRFAMILY: [-9, 'Address family for hostname not supported'],
  EAI_MEMORY: [-10, 'Memory allocation failure'],
  EAI_OVERFLOW: [-12, 'Argument buffer overflow'],
};

/** The names that Node gives to a resolver's failures where libuv has another. */
const RESOLVER_ALIASES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'EAI_NONAME',
  EAI_NOTFOUND: 'EAI_NONAME',
  ENODATA: 'EAI_NODATA',
  EAI_BADHINTS: 'EAI_BADFLAGS',
};

/** C's numbers by name; libuv adds a few that Node's constants have not. */
const NUMBERS = constants.errno as Readonly<Record<string, number | undefined>>;

/** Node's table, by number: the name of each error and its text. Node makes it anew at each call. */
let systemErrors: ReturnType<typeof getSystemErrorMap> | undefined;
let codesByNumber: Map<number, string> | undefined;
let numbersByCode: Map<string, number> | undefined;

function systemErrorOf(number: number): [code: string, text: string] | undefined {
  systemErrors ??= getSystemErrorMap();
  return systemErrors.get(number);
}

/**
 * Makes the error for a failed call: of the class that Python has for it, and with its text.
 *
 * @param codeOrErrno - the name (`'ECONNRESET'`), or the number: Node's negative or C's positive one
 * @param syscall - the call that failed, or `undefined` where none did
 * @param details - what else is known; `strerror` replaces the system's words
 */
export function osError(
  codeOrErrno: string | number,
  syscall?: string,
  details: OSErrorDetails = {},
): OSError {
  const code = typeof codeOrErrno === 'string' ? codeOrErrno : errorCode(codeOrErrno);
  const alias = RESOLVER_ALIASES[code] ?? code;
  const resolver = RESOLVER[alias];
  const strerror = details.strerror ?? resolver?.[1] ?? errorText(code);
  const errno =
    details.errno ??
    errorNumber(alias) ??
    (typeof codeOrErrno === 'number' ? -Math.abs(codeOrErrno) : undefined);
  const shown = resolver?.[0] ?? NUMBERS[code] ?? (errno === undefined ? undefined : -errno);
  const about = details.filename === undefined ? '' : `: '${details.filename}'`;
  const message =
    shown === undefined ? `${strerror}${about}` : `[Errno ${shown}] ${strerror}${about}`;
  const errorClass = resolver ? gaierror : (CLASSES.get(code) ?? OSError);
  return new errorClass(message, { ...details, code, errno, syscall, strerror });
}

/**
 * Turns an error of Node's own calls into one of ours; what is no system error stays as it is.
 *
 * The text becomes Python's, without Node's path and address; Node's error is kept as the cause.
 */
export function fromNodeError(error: unknown): Error {
  if (isA(error, OSError)) return error;
  if (!isA(error, Error)) return new OSError(textOf(error), { cause: error });
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !isSystemCode(code)) return error;
  return osError(code, syscall, {
    cause: error,
    ...(typeof errno === 'number' && { errno }),
    ...(typeof path === 'string' && { filename: path }),
  });
}

/** Is it a name that the system or the resolver gives to a failure, not one of Node's own? */
function isSystemCode(code: string): boolean {
  return code in RESOLVER_ALIASES || code in RESOLVER || errorNumber(code) !== undefined;
}

/** C's positive number of an error: 111 for `'ECONNREFUSED'` on Linux; 0 for a name unknown here. */
export function cErrno(code: string | undefined): number {
  if (code === undefined) return 0;
  return NUMBERS[code] ?? -(errorNumber(code) ?? 0);
}

function errorText(code: string): string {
  const known = TEXTS[code];
  if (known !== undefined) return known;
  const number = errorNumber(code);
  const text = number === undefined ? undefined : systemErrorOf(number)?.[1];
  return text === undefined
    ? `Unknown error ${code}`
    : text.charAt(0).toUpperCase() + text.slice(1);
}

function errorCode(number: number): string {
  const negative = -Math.abs(number);
  const libuv = systemErrorOf(negative)?.[0];
  if (libuv !== undefined) return libuv;
  codesByNumber ??= new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));
  return codesByNumber.get(-negative) ?? 'UNKNOWN';
}

function errorNumber(code: string): number | undefined {
  numbersByCode ??= new Map(Array.from(getSystemErrorMap(), ([number, [name]]) => [name, number]));
  const libuv = numbersByCode.get(code);
  if (libuv !== undefined) return libuv;
  const c = NUMBERS[code];
  return c === undefined ? undefined : -c;
}

function show(error: Error, field: string, value: unknown): void {
  Object.defineProperty(error, field, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function hide(error: Error, field: string, value: unknown): void {
  Object.defineProperty(error, field, {
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  });
}
