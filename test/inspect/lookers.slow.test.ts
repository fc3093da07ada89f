import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Node's inspector crashed in one of three programs so. */
const [PROGRAMS, LOOKS] = [30, 4];

function busyLoop(): Program {
  return Program.node('-e', ['const end = Date.now() + 240_000; while (Date.now() < end);']);
}

behaviour('Inspecting a program', (it) => {
  it(
    'does no harm on a busy machine',
    async () => {
      await using _first = busyLoop();
      await using _second = busyLoop();
      await using _third = busyLoop();
      for (let at = 0; at < PROGRAMS; at += 1) {
        await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
        await program.shows(/busy/);
        for (let look = 0; look < LOOKS; look += 1) {
          await using ps = Program.command(['ps', String(program.pid)]);
          const ending = await ps.ends();
          assert.equal(ending, { status: 0, signal: null }, `${ps.stderr}${program.stderr}`);
        }
        // It throws for a process that is not there.
        process.kill(program.pid, 0);
      }
    },
    { seconds: 300 },
  );
});
