import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };

interface Terminal {
  readonly raw: boolean;
  readonly same: boolean;
  readonly left: boolean;
  readonly status: number;
  readonly screen: string;
  readonly output: string;
}

async function topOnTerminal(how: string): Promise<Terminal> {
  await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
  await program.shows(/busy/);
  await using terminal = Program.python('test/inspect/children/terminal.py', {
    env: { TOP_PID: String(program.pid), TOP_HOW: how, TOP_NODE: process.execPath },
  });
  const { status } = await terminal.ends(50);
  assert.is(status, 0, terminal.stderr);
  return JSON.parse(terminal.stdout) as Terminal;
}

const hasTerminals = spawnSync('python3', ['-c', 'import pty']).status === 0;

behaviour('asyncio-ts top on a terminal', (it) => {
  for (const [how, expected] of [
    ['q', 0],
    ['\x03', 130],
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', 137],
    ['end of the process', 1],
  ] as const) {
    const sentence = `leaves it as it was after ${JSON.stringify(how)}`;
    if (!hasTerminals) {
      it.skip(sentence, 'there is no Python to make a terminal');
      continue;
    }
    it(
      sentence,
      async () => {
        const { raw, same, left, status, screen, output } = await topOnTerminal(how);

        assert.ok(raw, 'it reads keys');
        assert.ok(same, 'its mode is as before');
        assert.ok(left, 'the screen is as before');
        assert.is(status, expected);
        const lines = screen.split('\r\n');
        assert.ok(lines.length <= 24);
        assert.ok(lines.every((line) => line.length <= 80));
        assert.match(screen, /^Process \d+/);
        if (how === 'end of the process') assert.match(output, /asyncio-ts: the process has ended/);
      },
      CHILDREN,
    );
  }
});
