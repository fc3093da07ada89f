import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { Program } from './support/program.ts';

const few = { descriptors: 64 };

behaviour('A program that may have 64 descriptors', (it) => {
  for (const door of ['asyncio-ts', 'asyncio-ts/socket', 'asyncio-ts/testing'])
    it(
      `imports ${door}`,
      async () => {
        const text = `console.log(Object.keys(await import('${door}')).length > 2)`;
        await using program = Program.node('--input-type=module', ['--eval', text], few);

        const { status } = await program.ended;

        assert.equal([program.stdout, program.stderr, status], ['true\n', '', 0]);
      },
      { seconds: 20 },
    );

  it(
    'is the command asyncio-ts',
    async () => {
      await using program = Program.command(['--version'], few);

      const { status } = await program.ended;

      assert.equal([program.stderr, status], ['', 0]);
    },
    { seconds: 20 },
  );
});
