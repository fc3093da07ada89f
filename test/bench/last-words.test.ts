import * as assert from 'uvu/assert';
import { lastWords } from '../../bench/last-words.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('lastWords', (it) => {
  it('finds the error under a traceback of Python', () => {
    const text = 'Traceback (most recent call last):\n  File "x.py", line 1\nOSError: no room\n';

    assert.is(lastWords(text), 'OSError: no room');
  });

  it('finds the error over a stack of Node', () => {
    const text = 'x.ts:1\n\nTypeError: no function\n    at x.ts:1:1\n\nNode.js v20.20.2\n';

    assert.is(lastWords(text), 'TypeError: no function');
  });

  it('takes the last line where there is no error, and nothing where there is none', () => {
    assert.is(lastWords('accept: Too many open files\n\n'), 'accept: Too many open files');
    assert.is(lastWords('\n'), undefined);
  });
});
