import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { listeningPorts } from '../../src/cli/node-process.ts';
import { behaviour } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

behaviour('The inspector of a process', (it) => {
  it(
    'is closed by the process when nobody has asked for ten seconds',
    async () => {
      await using program = Program.typescript('test/inspect/children/waiting.ts', [], ANY_PORT);
      await program.shows(/waiting/);
      const env = { NODE_OPTIONS: '--experimental-websocket' };
      const args = [String(program.pid)];
      await using looker = Program.typescript('test/inspect/children/killed-looker.ts', args, {
        env,
      });
      assert.equal(await looker.ended, { status: null, signal: 'SIGKILL' });
      assert.is(listeningPorts(program.pid).size, 1);
      for (let waited = 0; listeningPorts(program.pid).size > 0; waited += 0.1) {
        assert.ok(waited < 20, 'still open after 20 s');
        await sleep(100);
      }
    },
    { seconds: 60 },
  );
});
