import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  BaseException,
  BaseExceptionGroup,
  CancelledError,
  ExceptionGroup,
  isException,
} from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

/** A group of an error, a group of two, and another error. */
function tree(): {
  group: BaseExceptionGroup;
  inner: BaseExceptionGroup;
  one: Error;
  two: TypeError;
  three: RangeError;
  four: TypeError;
} {
  const one = new Error('one');
  const two = new TypeError('two');
  const three = new RangeError('three');
  const four = new TypeError('four');
  const inner = new ExceptionGroup('inner', [two, three]);
  return { group: new ExceptionGroup('outer', [one, inner, four]), inner, one, two, three, four };
}

/** Messages, with those of groups before what they hold. */
function shape(group: BaseExceptionGroup | undefined): unknown {
  if (group === undefined) return undefined;
  const inside = group.exceptions.map((error) =>
    error instanceof BaseExceptionGroup ? shape(error) : (error as Error).message,
  );
  return [group.message, ...inside];
}

behaviour('ExceptionGroup', (it) => {
  it('contains errors, with a message', () => {
    const errors = [new Error('a'), new Error('b')];
    const cause = new Error('cause');
    const group = new ExceptionGroup('several', errors, { cause });

    assert.is(group.message, 'several');
    assert.is(group.name, 'ExceptionGroup');
    assert.equal(group.exceptions, errors);
    assert.equal(group.errors, errors);
    assert.is(group.cause, cause);
    assert.instance(group, AggregateError);
    assert.instance(group, BaseExceptionGroup);
    assert.ok(isException(group));
  });

  it('refuses a BaseException', () => {
    throws(() => new ExceptionGroup('g', [new Error(''), new CancelledError()]), TypeError, {
      message: 'Cannot nest BaseExceptions in an ExceptionGroup',
    });
    const base = new BaseExceptionGroup('in', [new CancelledError()]);
    throws(() => new ExceptionGroup('g', [base]), TypeError);
    class Own extends ExceptionGroup {}
    throws(() => new Own('g', [new CancelledError()]), TypeError, {
      message: "Cannot nest BaseExceptions in 'Own'",
    });
  });

  it('refuses arguments that make no group', () => {
    throws(() => new ExceptionGroup(5 as never, [new Error('')]), TypeError, {
      message: 'message must be a string, got 5',
    });
    throws(() => new ExceptionGroup('g', 5 as never), TypeError, {
      message: 'second argument (exceptions) must be an array, got 5',
    });
    throws(() => new ExceptionGroup('g', []), RangeError, {
      message: 'second argument (exceptions) must be a non-empty array',
    });
  });

  it('prints how many it holds', () => {
    assert.is(
      String(new ExceptionGroup('g', [new Error('')])),
      'ExceptionGroup: g (1 sub-exception)',
    );
    assert.is(String(tree().group), 'ExceptionGroup: outer (3 sub-exceptions)');
  });

  it('has the stack of its creation', () => {
    const group = new BaseExceptionGroup('g', [new Error('')]);

    assert.match(String(group.stack).split('\n')[1] ?? '', /exception-group\.test\.ts/);
  });

  it('is inspected as a tree', () => {
    const { group } = tree();

    const text = inspect(group).replace(/^[ |]* at .*\n/gm, '');

    assert.is(
      text,
      [
        '  + ExceptionGroup: outer (3 sub-exceptions)',
        '  +-+---------------- 1 ----------------',
        '    | Error: one',
        '    +---------------- 2 ----------------',
        '    | ExceptionGroup: inner (2 sub-exceptions)',
        '    +-+---------------- 1 ----------------',
        '      | TypeError: two',
        '      +---------------- 2 ----------------',
        '      | RangeError: three',
        '      +------------------------------------',
        '    +---------------- 3 ----------------',
        '    | TypeError: four',
        '    +------------------------------------',
      ].join('\n'),
    );
  });

  it('is inspected with its first fifteen errors and the number of others', () => {
    const errors = Array.from({ length: 17 }, (_, n) => new Error(`number ${n}`));

    const text = inspect(new ExceptionGroup('many', errors));

    assert.match(text, /number 14/);
    assert.not.match(text, /number 15/);
    assert.match(text, /\+-+ \.\.\. -+\n {4}\| and 2 more exceptions\n {4}\+-+$/);
  });
});

behaviour('BaseExceptionGroup', (it) => {
  it('creates an ExceptionGroup if all are Exceptions', () => {
    const group = new BaseExceptionGroup('g', [new Error(''), new TypeError('')]);

    assert.instance(group, ExceptionGroup);
  });

  it('is not an Exception if one of them is not', () => {
    class Own extends BaseException {}
    const group = new BaseExceptionGroup('g', [new Error(''), new Own()]);

    assert.not(group instanceof ExceptionGroup);
    assert.not(isException(group));
    assert.not(isException(new BaseExceptionGroup('around', [group])));
  });
});

behaviour('ExceptionGroup.split', (it) => {
  it('splits by a class, and keeps the structure', () => {
    const [match, rest] = tree().group.split(TypeError);

    assert.equal(shape(match), ['outer', ['inner', 'two'], 'four']);
    assert.equal(shape(rest), ['outer', 'one', ['inner', 'three']]);
  });

  it('splits by several classes', () => {
    const [match, rest] = tree().group.split([TypeError, RangeError]);

    assert.equal(shape(match), ['outer', ['inner', 'two', 'three'], 'four']);
    assert.equal(shape(rest), ['outer', 'one']);
  });

  it('splits by a function, which is also called with groups', () => {
    const { group, inner, one } = tree();
    const asked: unknown[] = [];

    const [match, rest] = group.split((error) => {
      asked.push(error);
      return error === inner;
    });

    assert.equal(shape(match), ['outer', ['inner', 'two', 'three']]);
    assert.is(match?.exceptions[0], inner);
    assert.equal(shape(rest), ['outer', 'one', 'four']);
    assert.is(asked[0], group);
    assert.ok(asked.includes(one));
  });

  it('returns the group itself if all of it matches, or nothing', () => {
    const { group } = tree();

    assert.is(group.split(ExceptionGroup)[0], group);
    assert.is(group.split(ExceptionGroup)[1], undefined);
    assert.is(group.split(SyntaxError)[0], undefined);
    assert.equal(shape(group.split(SyntaxError)[1]), shape(group));
  });

  it("gives the parts the group's stack and cause", () => {
    const cause = new Error('cause');
    const group = new ExceptionGroup('g', [new Error('a'), new TypeError('b')], { cause });

    const [match] = group.split(TypeError);

    assert.is(match?.cause, cause);
    assert.is(match?.stack, group.stack);
  });

  it('makes the part that contains only Exceptions an ExceptionGroup', () => {
    const group = new BaseExceptionGroup('g', [new Error('a'), new CancelledError()]);

    const [cancels, failures] = group.split(CancelledError);

    assert.not(cancels instanceof ExceptionGroup);
    assert.instance(failures, ExceptionGroup);
  });

  it('creates its parts by derive()', () => {
    class Own extends ExceptionGroup {
      override derive(exceptions: readonly unknown[]): Own {
        return new Own(`${this.message}, in part`, exceptions);
      }
    }
    const group = new Own('own', [new Error('a'), new TypeError('b')]);

    const [match, rest] = group.split(TypeError);

    assert.instance(match, Own);
    assert.equal(shape(match), ['own, in part', 'b']);
    assert.instance(rest, Own);
  });

  it('refuses anything but a condition', () => {
    throws(() => tree().group.split(5 as never), TypeError, {
      message: 'expected a function, an error class, or an array of such classes, got 5',
    });
  });
});

behaviour('ExceptionGroup.subgroup', (it) => {
  it('returns what matches the condition', () => {
    const { group } = tree();

    assert.equal(shape(group.subgroup(RangeError)), ['outer', ['inner', 'three']]);
    assert.is(group.subgroup(SyntaxError), undefined);
  });
});
