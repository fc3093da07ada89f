import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runFile } from '../../support/child.ts';

const FILE = 'test/core/children/floating.ts';
const program = (word: string): Promise<Ended> => runFile(FILE, { args: [word] });

// All at once, for each of them mostly waits.
const cancelled = program('cancelled');
const limited = program('limited');
const left = program('left by a limit');
const interrupted = program('interrupted');
const interruptedOfOthers = program('interrupted, of others');
const subclass = program('subclass');
const fails = program('fails');
const failsOtherwise = program('fails otherwise');

behaviour('A cancel of a call that nobody awaits', (it) => {
  it(
    'lets the program go on, and the call clean up',
    async () => {
      assert.equal(await cancelled, {
        status: 0,
        stdout: 'CancelledError\nflush cleaned up\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'lets the program go on, whatever the call awaits and however it is chained',
    async () => {
      assert.equal(await program('cancelled later'), {
        status: 0,
        stdout: 'CancelledError\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'lets the program go on after a timeout',
    async () => {
      assert.equal(await limited, {
        status: 0,
        stdout: 'TimeoutError\nflush cleaned up\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'lets the program go on where a limit has left the call, or a context',
    async () => {
      const cleanedUp = 'flush cleaned up\n'.repeat(4);
      assert.equal(await left, {
        status: 0,
        stdout: `CancelledError\n${cleanedUp}goes on\n`,
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'leaves the status of Ctrl-C as it is',
    async () => {
      const { status, stderr } = await interrupted;

      assert.is(status, 130);
      assert.is(stderr, 'KeyboardInterrupt\n');
    },
    { seconds: 30 },
  );

  it(
    'leaves the status of Ctrl-C as it is, also of a call that waits for others',
    async () => {
      const { status, stderr } = await interruptedOfOthers;

      assert.is(stderr, 'KeyboardInterrupt\n');
      assert.is(status, 130);
    },
    { seconds: 30 },
  );

  it(
    'may be of a class of its own',
    async () => {
      assert.equal(await subclass, { status: 0, stdout: 'goes on\n', stderr: '' });
    },
    { seconds: 30 },
  );

  it(
    'hides no failure of such a call',
    async () => {
      const { status, stderr } = await fails;

      assert.match(stderr, /RangeError: a real failure/);
      assert.is(status, 1);
    },
    { seconds: 30 },
  );

  it(
    'makes nothing of an error that is handled',
    async () => {
      assert.equal(await failsOtherwise, {
        status: 0,
        stdout: 'AggregateError\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );
});
