import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';

const FAKES = ['mock.timers', 'fakes of everything'];

const SCENARIOS: Readonly<Record<string, string>> = {
  'begun under them': 'goes on where it was begun under them',
  'they come and go': 'goes on where they come and go while it waits',
  'virtual time': 'has its virtual time under them',
};

for (const fake of FAKES)
  behaviour(`A loop under fake timers (${fake})`, (it) => {
    for (const [scenario, sentence] of Object.entries(SCENARIOS))
      it(sentence, async () => {
        const { stdout, stderr, status } = await runFile('test/base/children/fake-timers.ts', {
          args: [fake, scenario],
        });
        assert.is(stdout, 'passed\n', stderr);
        assert.is(status, 0);
      });
  });
