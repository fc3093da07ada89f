/** Operating system errors, with Python's names and texts. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { isA, textOf } from '../values/attempt.ts';
import { named } from './errors.ts';

/** The details of an {@link OSError}. */
export interface OSErrorDetails {
  /** The error's name: `'ECONNRESET'`. */
  readonly code?: string | undefined;
  /** Node's error number, which is negative. */
  readonly errno?: number | undefined;
  /** The call that failed: `'connect'`. */
  readonly syscall?: string | undefined;
  /** The system's text, without the number. */
  readonly strerror?: string | undefined;
  /** The path that the error is about, if any. */
  readonly filename?: string | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
}

/**
 * An error reported by the operating system.
 *
 * The message is Python's: `[Errno 111] Connection refused`. The fields are Node's, so that code
 * written for Node's errors keeps working: `code` is the name, `errno` is negative.
 *
 * @see Python's `OSError`, https://docs.python.org/3/library/exceptions.html#OSError
 */
export class OSError extends Error {
  static {
    named(this, 'OSError');
  }

  /** Node's error number, which is negative; `undefined` if no system call failed. */
  declare readonly errno: number | undefined;
  /** The error's name, such as `'ECONNRESET'`. */
  declare readonly code: string | undefined;
  /** The call that failed, such as `'connect'`. */
  declare readonly syscall: string | undefined;
  /** The system's text, without the number: `'Connection refused'`. */
  declare readonly strerror: string | undefined;
  /** The path that the error is about. */
  declare readonly filename: string | undefined;

  /**
   * @param message - the whole message, with the number
   * @param details - the fields
   */
  constructor(message?: string, details: OSErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // Only known details become fields: util.inspect prints fields after the stack.
    const { errno, code, syscall, filename } = details;
    if (errno !== undefined) show(this, 'errno', errno);
    if (code !== undefined) show(this, 'code', code);
    if (syscall !== undefined) show(this, 'syscall', syscall);
    if (filename !== undefined) show(this, 'filename', filename);
    // Not printed, because the message ends with the same text.
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

/** The base class of connection errors. */
export class ConnectionError extends OSError {
  static {
    named(this, 'ConnectionError');
  }
}

/** Data was sent to a peer that is gone, or after sending was shut down. */
export class BrokenPipeError extends ConnectionError {
  static {
    named(this, 'BrokenPipeError');
  }
}

/** The connection was aborted on this side. */
export class ConnectionAbortedError extends ConnectionError {
  static {
    named(this, 'ConnectionAbortedError');
  }
}

/**
 * A TLS error: the peer sent something invalid, or one side refused the other.
 *
 * The message is OpenSSL's, as in Python; `code` is Node's: `'ERR_SSL_WRONG_VERSION_NUMBER'`.
 *
 * @see Python's `ssl.SSLError`, https://docs.python.org/3/library/ssl.html#ssl.SSLError
 */
export class SSLError extends OSError {
  static {
    named(this, 'SSLError');
  }
}

/**
 * The peer's certificate is not trusted, or is for another host. `code` says why:
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

/** Nothing listens at the address. */
export class ConnectionRefusedError extends ConnectionError {
  static {
    named(this, 'ConnectionRefusedError');
  }
}

/** The peer reset the connection. */
export class ConnectionResetError extends ConnectionError {
  static {
    named(this, 'ConnectionResetError');
  }
}

/** The file already exists. */
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

/** The path is a directory. */
export class IsADirectoryError extends OSError {
  static {
    named(this, 'IsADirectoryError');
  }
}

/** The path is not a directory. */
export class NotADirectoryError extends OSError {
  static {
    named(this, 'NotADirectoryError');
  }
}

/** Permission denied. */
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

/** A timeout expired: the system's, or one of this library's. */
export class TimeoutError extends OSError {
  static {
    named(this, 'TimeoutError');
  }
}

/**
 * A name could not be resolved. The number in the message is `getaddrinfo()`'s: `[Errno -2]`.
 *
 * @see Python's `socket.gaierror`, https://docs.python.org/3/library/socket.html#socket.gaierror
 */
export class gaierror extends OSError {
  static {
    named(this, 'gaierror');
  }
}

/**
 * Unknown host, thrown by `gethostbyaddr()` and `gethostbynameEx()`.
 *
 * @see Python's `socket.herror`, https://docs.python.org/3/library/socket.html#socket.herror
 */
export class herror extends OSError {
  static {
    named(this, 'herror');
  }
}

type OSErrorClass = new (message?: string, details?: OSErrorDetails) => OSError;

/** The codes that have a class of their own, as in PEP 3151. */
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

/** libuv's texts are libc's with a lower-case first letter, except for these. */
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

/** The errors of `getaddrinfo()`: C's number, glibc's text, and Node's code if it is another. */
const RESOLVER: Readonly<Record<string, readonly [number, string, string?]>> = {
  EAI_BADFLAGS: [-1, 'Bad value for ai_flags'],
  EAI_NONAME: [-2, 'Name or service not known', 'ENOTFOUND'],
  EAI_AGAIN: [-3, 'Temporary failure in name resolution'],
  EAI_FAIL: [-4, 'Non-recoverable failure in name resolution'],
  EAI_NODATA: [-5, 'No address associated with hostname', 'ENOTFOUND'],
  EAI_FAMILY: [-6, 'ai_family not supported'],
  EAI_SOCKTYPE: [-7, 'ai_socktype not supported'],
  EAI_SERVICE: [-8, 'Servname not supported for ai_socktype'],
  EAI_ADDRFAMILY: [-9, 'Address family for hostname not supported'],
  EAI_MEMORY: [-10, 'Memory allocation failure'],
  EAI_OVERFLOW: [-12, 'Argument buffer overflow'],
};

const NODATA = 'EAI_NODATA';

/** Node's names for resolver errors that libuv names differently. */
const RESOLVER_ALIASES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'EAI_NONAME',
  EAI_NOTFOUND: 'EAI_NONAME',
  ENODATA: 'EAI_NODATA',
  EAI_BADHINTS: 'EAI_BADFLAGS',
};

/** C's error numbers by name, with a few that libuv adds and Node's constants lack. */
const NUMBERS = constants.errno as Readonly<Record<string, number | undefined>>;

/** Node's table of names and texts by number. Node builds a new one at each call. */
let systemErrors: ReturnType<typeof getSystemErrorMap> | undefined;
let codesByNumber: Map<number, string> | undefined;
let numbersByCode: Map<string, number> | undefined;

function systemErrorOf(number: number): [code: string, text: string] | undefined {
  systemErrors ??= getSystemErrorMap();
  return systemErrors.get(number);
}

/**
 * Creates the error for a failed call: of Python's class, with Python's message.
 *
 * @param codeOrErrno - the name (`'ECONNRESET'`), or the number: Node's negative or C's positive
 *   one
 * @param syscall - the call that failed, or `undefined` if none did
 * @param details - other known details; `strerror` replaces the system's text
 */
export function osError(
  codeOrErrno: string | number,
  syscall?: string,
  details: OSErrorDetails = {},
): OSError {
  const given = typeof codeOrErrno === 'string' ? codeOrErrno : errorCode(codeOrErrno);
  const alias = RESOLVER_ALIASES[given] ?? given;
  const code = RESOLVER[given]?.[2] ?? given;
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
 * Converts an error of a Node API to ours; returns other errors unchanged.
 *
 * The message becomes Python's, without Node's path and address; Node's error becomes the cause.
 */
export function fromNodeError(error: unknown): Error {
  if (isA(error, OSError)) return error;
  if (!isA(error, Error)) return new OSError(textOf(error), { cause: error });
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !isSystemCode(code)) return error;
  // Only the number distinguishes a name without addresses from one that does not exist.
  const known = code === 'ENOTFOUND' && errno === errorNumber(NODATA) ? NODATA : code;
  return osError(known, syscall, {
    cause: error,
    ...(typeof errno === 'number' && { errno }),
    ...(typeof path === 'string' && { filename: path }),
  });
}

/** Is it the system's or the resolver's name for an error, not one of Node's own? */
function isSystemCode(code: string): boolean {
  return code in RESOLVER_ALIASES || code in RESOLVER || errorNumber(code) !== undefined;
}

/**
 * C's positive number for an error: 111 for `'ECONNREFUSED'` on Linux; 0 if the name is unknown on
 * this system.
 */
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

function show(error: object, field: string, value: unknown): void {
  // Cheaper than defining it, but a program's class may have an accessor of that name.
  if (!(field in error)) (error as Record<string, unknown>)[field] = value;
  else
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

/** Is it a shortage of system resources, not an error of the call? */
export function isShortage(error: unknown): boolean {
  return (
    isA(error, OSError) && ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(error.code ?? '')
  );
}
