import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { interrupt } from './support/interrupt.ts';

/** Code that Ctrl-C ends at a known place. */
const ENDLESS = [
  ['code that never ends', "fs.writeSync(1, 'begun\\n'); for (;;);"],
  [
    'code in the middle of a write to standard error',
    'process.stderr._write = function () ' +
      "{ delete this._write; fs.writeSync(1, 'begun\\n'); for (;;); }; console.error('lost')",
  ],
] as const;

behaviour('asyncio-ts repl', (it) => {
  for (const [what, code] of ENDLESS)
    it(
      `interrupts ${what} on Ctrl-C, and continues`,
      async () => {
        await using program = Program.command(['repl'], { hasInput: true });
        await interrupt(program, code);
        program.type("console.error('an error'); 40 + 2\n");
        await program.shows(/> 42\n/);
        program.endInput();
        await program.ends(15);
        assert.match(program.stderr, /^an error$/m);
      },
      { seconds: 30 },
    );
});
