import * as assert from 'uvu/assert';
import { errorLine } from '../../bench/error-line.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('errorLine', (it) => {
  it('finds the error under a traceback of Python', () => {
    const text = 'Traceback (most recent call last):\n  File "x.py", line 1\nOSError: no room\n';

    assert.is(errorLine(text), 'OSError: no room');
  });

  it('finds the error over a stack of Node', () => {
    const text = 'x.ts:1\n\nTypeError: no function\n    at x.ts:1:1\n\nNode.js v20.20.2\n';

    assert.is(errorLine(text), 'TypeError: no function');
  });

  it('takes the last line where there is no error, and nothing where there is none', () => {
    assert.is(errorLine('accept: Too many open files\n\n'), 'accept: Too many open files');
    assert.is(errorLine('\n'), undefined);
  });
});
