import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runCommand, runFile } from '../support/child.ts';

/** What CPython printed is in NAME.txt; NAME.py and NAME.ts tell the same story. */
const folder = new URL('.', import.meta.url);
const files = readdirSync(folder);
/** Every program here but those that have a test of their own. */
const names = files
  .filter((file) => file.endsWith('.py') && !files.includes(file.replace('.py', '.test.ts')))
  .map((file) => file.replace('.py', ''));

/** The same as run-all.ts, for Python. */
const RUN_ALL = `
import runpy, sys
for name in sys.argv[1:]:
    print('==', name, flush=True)
    runpy.run_path(f'test/parity/{name}.py', run_name='__main__')
`;

/** How all programs ended: in one process each for ours, ours in debug mode, and Python's, if it is installed. */
let ours: Ended;
let inDebugMode: Ended;
let python: Ended | undefined;

behaviour('parity', (it) => {
  it('has programs to compare', () => {
    assert.ok(names.length >= 38, names.join(', '));
  });

  it(
    'runs them',
    async () => {
      [ours, inDebugMode, python] = await Promise.all([
        runFile('test/parity/run-all.ts', { args: names }),
        runFile('test/parity/run-all.ts', { args: names, env: { ASYNCIO_DEBUG: '1' } }),
        runCommand('python3', ['-c', RUN_ALL, ...names]).catch(() => undefined),
      ]);
    },
    { seconds: 120 },
  );

  for (const name of names) {
    const expected = readFileSync(new URL(`${name}.txt`, folder), 'utf8');

    it(`prints what CPython printed: ${name}`, () => {
      assert.is(part(ours, name), expected);
      assert.is(ours.stderr, '');
      assert.is(ours.status, 0);
    });

    it(`prints that in debug mode, too: ${name}`, () => {
      // What debug mode has to say besides goes to standard error.
      assert.is(part(inDebugMode, name), expected);
      assert.is(inDebugMode.status, 0);
    });

    it(`prints what the python3 of this machine prints: ${name}`, () => {
      if (python === undefined) return; // no Python here: the text has to do
      assert.is(part(python, name), expected, python.stderr);
    });
  }
});

/** What one of the programs printed. */
function part({ stdout }: Ended, name: string): string | undefined {
  const parts = stdout.split(/^== (.*)\n/m);
  return parts[parts.indexOf(name) + 1];
}
