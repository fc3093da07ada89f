import * as assert from 'uvu/assert';
import { userSite, userStack } from '../../../src/base/stacks/capture.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('userStack', (it) => {
  it('gives the frames of the user, innermost first', () => {
    function inner(): string[] {
      return userStack(2);
    }
    const frames = inner();

    assert.is(frames.length, 2);
    assert.match(String(frames[0]), /at inner \(.*capture\.test\.ts:\d+:\d+\)$/);
    assert.match(String(frames[1]), /capture\.test\.ts:\d+:\d+\)$/);
  });

  it('leaves the limit of all other stacks as it is', () => {
    const before = Error.stackTraceLimit;

    userStack(3);

    assert.is(Error.stackTraceLimit, before);
  });
});

behaviour('userSite', (it) => {
  it('gives the file as seen from the working directory, and the line', () => {
    assert.match(String(userSite()), /^test\/base\/stacks\/capture\.test\.ts:\d+$/);
  });
});
