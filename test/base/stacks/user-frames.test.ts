import * as assert from 'uvu/assert';
import { siteOf } from '../../../src/base/stacks/user-frames.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('siteOf', (it) => {
  it('returns the file relative to the working directory, and the line', () => {
    assert.is(siteOf(`    at f (${process.cwd()}/a/b.ts:12:3)`), 'a/b.ts:12');
    assert.is(siteOf('    at /elsewhere/c.js:1:2'), '/elsewhere/c.js:1');
    assert.is(siteOf('    at async f (file:///elsewhere/c.js:1:2)'), '/elsewhere/c.js:1');
    assert.is(siteOf('    at async file:///elsewhere/c.js:1:2'), '/elsewhere/c.js:1');
    assert.is(siteOf(undefined), undefined);
  });
});
