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

/** One process each for all programs, both started with the first test. */
let ours: Promise<Ended> | undefined;
let inDebugMode: Promise<Ended> | undefined;
let python: Promise<Ended | undefined> | undefined;

function start(): void {
  ours ??= runFile('test/parity/run-all.ts', { args: names });
  inDebugMode ??= runFile('test/parity/run-all.ts', { args: names, env: { ASYNCIO_DEBUG: '1' } });
  python ??= runCommand('python3', ['-c', RUN_ALL, ...names]).catch(() => undefined);
}

behaviour('parity', (it) => {
  it('has programs to compare', () => {
    assert.ok(names.length >= 38, names.join(', '));
  });

  for (const name of names) {
    const expected = readFileSync(new URL(`${name}.txt`, folder), 'utf8');

    it(
      `prints what CPython printed: ${name}`,
      async () => {
        start();

        const ended = (await ours) as Ended;

        assert.is(part(ended, name), expected);
        assert.is(ended.stderr, '');
        assert.is(ended.status, 0);
      },
      { seconds: 20 },
    );

    it(
      `prints that in debug mode, too: ${name}`,
      async () => {
        start();

        const ended = (await inDebugMode) as Ended;

        // What debug mode has to say besides goes to standard error.
        assert.is(part(ended, name), expected);
        assert.is(ended.status, 0);
      },
      { seconds: 20 },
    );

    it(
      `prints what the python3 of this machine prints: ${name}`,
      async () => {
        start();

        const ended = await python;
        if (ended === undefined) return; // no Python here: the text has to do

        assert.is(part(ended, name), expected, ended.stderr);
      },
      { seconds: 20 },
    );
  }
});

/** What one of the programs printed. */
function part({ stdout }: Ended, name: string): string | undefined {
  const parts = stdout.split(/^== (.*)\n/m);
  return parts[parts.indexOf(name) + 1];
}
