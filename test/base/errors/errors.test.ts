import * as assert from 'uvu/assert';
import { invariant } from '../../../src/base/errors/errors.ts';
import {
  BaseException,
  CancelledError,
  InternalError,
  InvalidStateError,
  isException,
  KeyboardInterrupt,
  RuntimeError,
  SystemExit,
} from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

behaviour('isException', (it) => {
  it("knows what Python's `except Exception` would catch", () => {
    for (const error of [
      new Error(),
      new RuntimeError(),
      new InvalidStateError(),
      'text',
      undefined,
    ])
      assert.is(isException(error), true);
    for (const Kind of [CancelledError, KeyboardInterrupt, BaseException])
      assert.is(isException(new Kind()), false);
    assert.is(isException(new SystemExit(1)), false);
  });
});

behaviour('CancelledError', (it) => {
  it('has its Python name, on no error as a property of its own', () => {
    const error = new CancelledError('stop');

    assert.is(String(error), 'CancelledError: stop');
    assert.instance(error, BaseException);
    assert.instance(error, Error);
    assert.is(Object.keys(error).includes('name'), false);
  });
});

behaviour('An error of the library whose message is no text', (it) => {
  it('leaves the limit of stacks as it was', () => {
    const before = Error.stackTraceLimit;

    throws(() => new CancelledError(Symbol('message') as never), TypeError);

    assert.is(Error.stackTraceLimit, before);
  });
});

behaviour('SystemExit', (it) => {
  it('contains the status, 0 by default', () => {
    assert.is(new SystemExit(3).code, 3);
    assert.is(new SystemExit().code, 0);
  });
});

behaviour('InternalError', (it) => {
  it('asks for a bug report if an invariant is violated', () => {
    invariant(true, 'fine');
    throws(() => invariant(1 + 1 === 3, 'Sums do not add up'), InternalError, {
      message: /^Sums do not add up\. .* please report it/,
    });
  });
});
