import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import * as errors from '../../../src/base/errors/os-errors.ts';
import { repr } from '../../../src/base/printing/repr.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('osError', (it) => {
  it('creates the class that Python has for a code', () => {
    const classes: Record<string, new () => errors.OSError> = {
      EAGAIN: errors.BlockingIOError,
      EINPROGRESS: errors.BlockingIOError,
      EALREADY: errors.BlockingIOError,
      EPIPE: errors.BrokenPipeError,
      ESHUTDOWN: errors.BrokenPipeError,
      ECONNABORTED: errors.ConnectionAbortedError,
      ECONNREFUSED: errors.ConnectionRefusedError,
      ECONNRESET: errors.ConnectionResetError,
      EEXIST: errors.FileExistsError,
      ENOENT: errors.FileNotFoundError,
      EINTR: errors.InterruptedError,
      EISDIR: errors.IsADirectoryError,
      ENOTDIR: errors.NotADirectoryError,
      EACCES: errors.PermissionError,
      EPERM: errors.PermissionError,
      ESRCH: errors.ProcessLookupError,
      ECHILD: errors.ChildProcessError,
      ETIMEDOUT: errors.TimeoutError,
      ENOTFOUND: errors.gaierror,
      EINVAL: errors.OSError,
    };

    for (const [code, errorClass] of Object.entries(classes))
      assert.is(errors.osError(code).constructor, errorClass, code);
    assert.instance(errors.osError('ECONNRESET'), errors.ConnectionError);
    assert.instance(errors.osError('ECONNRESET'), errors.OSError);
  });

  it("uses Python's message, with C's number", () => {
    const texts = {
      ECONNREFUSED: '[Errno 111] Connection refused',
      ENOTCONN: '[Errno 107] Transport endpoint is not connected',
      EADDRINUSE: '[Errno 98] Address already in use',
      EADDRNOTAVAIL: '[Errno 99] Cannot assign requested address',
      EMFILE: '[Errno 24] Too many open files',
      EINPROGRESS: '[Errno 115] Operation now in progress',
      ENOTFOUND: '[Errno -2] Name or service not known',
      EAI_NONAME: '[Errno -2] Name or service not known',
      EAI_NODATA: '[Errno -5] No address associated with hostname',
      EAI_AGAIN: '[Errno -3] Temporary failure in name resolution',
    };

    for (const [code, text] of Object.entries(texts)) assert.is(errors.osError(code).message, text);
  });

  it("keeps Node's fields", () => {
    const { code, errno, syscall, strerror } = errors.osError('ECONNRESET', 'read');

    assert.equal(
      { code, errno, syscall, strerror },
      { code: 'ECONNRESET', errno: -104, syscall: 'read', strerror: 'Connection reset by peer' },
    );
  });

  it('accepts numbers of either sign', () => {
    assert.is(errors.osError(-111).code, 'ECONNREFUSED');
    assert.is(errors.osError(111).code, 'ECONNREFUSED');
    assert.is(errors.osError(115).code, 'EINPROGRESS');
    assert.is(errors.osError(-3008).message, '[Errno -2] Name or service not known');
  });

  it('allows the message to be replaced', () => {
    const error = errors.osError('ECONNREFUSED', 'connect', {
      strerror: "Connect call failed ('127.0.0.1', 1)",
    });

    assert.is(error.message, "[Errno 111] Connect call failed ('127.0.0.1', 1)");
    assert.is(repr(error), `ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")`);
  });

  it('names the file', () => {
    const error = errors.osError('ENOENT', 'open', { filename: '/no/file' });

    assert.is(error.message, "[Errno 2] No such file or directory: '/no/file'");
    assert.is(error.filename, '/no/file');
  });

  it('prints under its own name', () => {
    const error = errors.osError('ECONNRESET', 'read');

    assert.is(error.name, 'ConnectionResetError');
    assert.match(
      error.stack ?? '',
      /^ConnectionResetError: \[Errno 104\] Connection reset by peer\n/,
    );
    assert.match(
      inspect(error),
      /\{\n {2}errno: -104,\n {2}code: 'ECONNRESET',\n {2}syscall: 'read'\n\}$/,
    );
    assert.not.match(inspect(new errors.TimeoutError()), /[{}]/);
  });

  it('can be created by hand', () => {
    const error = new errors.TimeoutError('too late');

    assert.is(String(error), 'TimeoutError: too late');
    assert.is(error.errno, undefined);
    assert.is(repr(error), "TimeoutError('too late')");
  });
});

behaviour('fromNodeError', (it) => {
  it('distinguishes a name without an address from one that does not exist', () => {
    const messageFor = (errno: number | undefined): string => {
      const details = { code: 'ENOTFOUND', syscall: 'getaddrinfo', ...(errno && { errno }) };
      const ours = errors.fromNodeError(Object.assign(new Error('not found'), details));
      assert.instance(ours, errors.gaierror);
      assert.is((ours as errors.OSError).code, 'ENOTFOUND');
      return ours.message;
    };

    assert.is(messageFor(-3007), '[Errno -5] No address associated with hostname');
    assert.is(messageFor(-3008), '[Errno -2] Name or service not known');
    assert.is(messageFor(undefined), '[Errno -2] Name or service not known');
  });

  it('converts a Node error, and keeps it as the cause', () => {
    let theirs: unknown;
    try {
      readFileSync('/no/file');
    } catch (error) {
      theirs = error;
    }

    const ours = errors.fromNodeError(theirs);

    assert.instance(ours, errors.FileNotFoundError);
    assert.is(ours.message, "[Errno 2] No such file or directory: '/no/file'");
    assert.is(ours.cause, theirs);
  });

  it('leaves other errors as they are', () => {
    const other = new RangeError('no');
    const node = Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' });
    const ours = errors.osError('EPIPE');

    assert.is(errors.fromNodeError(other), other);
    assert.is(errors.fromNodeError(node), node);
    assert.is(errors.fromNodeError(ours), ours);
  });
});

behaviour('cErrno', (it) => {
  it("returns C's number of a code", () => {
    assert.is(errors.cErrno('ECONNREFUSED'), 111);
    assert.is(errors.cErrno('EINPROGRESS'), 115);
    assert.is(errors.cErrno(undefined), 0);
  });
});
