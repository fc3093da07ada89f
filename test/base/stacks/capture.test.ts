import * as assert from 'uvu/assert';
import { userSite, userStack } from '../../../src/base/stacks/capture.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('userStack', (it) => {
  it("returns the user's frames, innermost first", () => {
    function inner(): string[] {
      return userStack(2);
    }
    const frames = inner();

    assert.is(frames.length, 2);
    assert.match(String(frames[0]), /at inner \(.*capture\.test\.ts:\d+:\d+\)$/);
    assert.match(String(frames[1]), /capture\.test\.ts:\d+:\d+\)$/);
  });

  it('does not change the limit of other stacks', () => {
    const before = Error.stackTraceLimit;

    userStack(3);

    assert.is(Error.stackTraceLimit, before);
  });
});

behaviour('userSite', (it) => {
  it('returns the file relative to the working directory, and the line', () => {
    assert.match(String(userSite()), /^test\/base\/stacks\/capture\.test\.ts:\d+$/);
  });
});
