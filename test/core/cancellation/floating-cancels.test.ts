import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runFile } from '../../support/child.ts';

const FILE = 'test/core/children/floating.ts';
const program = (word: string, flags = ''): Promise<Ended> =>
  runFile(FILE, {
    args: [word],
    env: { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${flags}` },
  });

// All at once, for each of them mostly waits.
const cancelled = program('cancelled');
const limited = program('limited');
const left = program('left by a limit');
const interrupted = program('interrupted');
const interruptedOfOthers = program('interrupted, of others');
const subclass = program('subclass');
const fails = program('fails');
const failsOtherwise = program('fails otherwise');
const handedOn = program('handed on');
const ofFuture = program('of a future');
const handledLater = program('handled later');
const besideListeners = program('beside listeners');
const withAnotherEmit = program('with another emit');
const ofRun = program('run');
const MODES = ['strict', 'warn', 'warn-with-error-code', 'none'];
const inModes = MODES.map((mode) => program('limited', `--unhandled-rejections=${mode}`));
const failsInModes = ['strict', 'warn'].map((mode) =>
  program('fails', `--unhandled-rejections=${mode}`),
);

behaviour('A cancel of a call that nobody awaits', (it) => {
  it(
    'lets the program continue and the call clean up',
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
    'lets the program continue, whatever the call awaits and however it is chained',
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
    'lets the program continue after a timeout',
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
    'lets the program continue if a limit has abandoned the call, or in another context',
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
    'does not change the exit status of Ctrl-C',
    async () => {
      const { status, stderr } = await interrupted;

      assert.is(status, 130);
      assert.is(stderr, 'KeyboardInterrupt\n');
    },
    { seconds: 30 },
  );

  it(
    'does not change the exit status of Ctrl-C, even for a call that waits for a foreign promise',
    async () => {
      const { status, stderr } = await interruptedOfOthers;

      assert.is(stderr, 'KeyboardInterrupt\n');
      assert.is(status, 130);
    },
    { seconds: 30 },
  );

  it(
    'may be an instance of a subclass',
    async () => {
      assert.equal(await subclass, { status: 0, stdout: 'goes on\n', stderr: '' });
    },
    { seconds: 30 },
  );

  it(
    'may be passed on, even much later and to promises outside of tasks',
    async () => {
      assert.equal(await handedOn, { status: 0, stdout: 'goes on\n', stderr: '' });
    },
    { seconds: 30 },
  );

  it(
    'may come from a future',
    async () => {
      assert.equal(await ofFuture, { status: 0, stdout: 'goes on\n', stderr: '' });
    },
    { seconds: 30 },
  );

  it(
    'may be handled later, without a warning',
    async () => {
      assert.equal(await handledLater, {
        status: 0,
        stdout: 'flush cleaned up\nCancelledError\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'is not passed to listeners, unlike a failure',
    async () => {
      assert.equal(await besideListeners, {
        status: 0,
        stdout: 'unhandled: RangeError: a real failure\nhandled\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'lets a program continue that replaces process.emit() in the meantime',
    async () => {
      assert.equal(await withAnotherEmit, {
        status: 0,
        stdout: 'mine\nmine\ntrue\ngoes on\n',
        stderr: '',
      });
    },
    { seconds: 30 },
  );

  it(
    'lets the program continue without a warning, in every mode of --unhandled-rejections',
    async () => {
      for (const ended of await Promise.all(inModes))
        assert.equal(ended, {
          status: 0,
          stdout: 'TimeoutError\nflush cleaned up\ngoes on\n',
          stderr: '',
        });
    },
    { seconds: 30 },
  );

  it(
    'ends the program if run() throws it',
    async () => {
      const { status, stdout, stderr } = await ofRun;

      assert.match(stderr, /CancelledError/);
      assert.is(stdout, '');
      assert.is(status, 1);
    },
    { seconds: 30 },
  );

  it(
    'hides no failure of such a call, in every mode of --unhandled-rejections',
    async () => {
      const [strict, warn] = await Promise.all(failsInModes);

      assert.match(strict?.stderr ?? '', /RangeError: a real failure/);
      assert.is(strict?.status, 1);
      assert.match(warn?.stderr ?? '', /UnhandledPromiseRejectionWarning: RangeError/);
      assert.is(warn?.status, 0);
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
    'ignores an error that is handled',
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
