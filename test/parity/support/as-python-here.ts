import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runCommand, runFile } from '../../support/child.ts';

/** What is run, and with which Python. */
interface Options {
  /** `test/parity/NAME.ts`, `.py` and `.jsonl`. */
  readonly name: string;
  /** A Python program that ends with status 0 if this machine's version is known. */
  readonly isKnown: string;
  readonly seconds: number;
}

/** Random programs print what this machine's `python3` prints, if its version is known. */
export function asPythonHere(title: string, { name, isKnown, seconds }: Options): void {
  const programs = `test/parity/${name}.jsonl`;
  /** Python's output for all programs, requested once; `undefined` if no known version is available. */
  let python: Promise<Ended | undefined> | undefined;

  async function askPython(): Promise<Ended | undefined> {
    const version = await runCommand('python3', ['-c', isKnown]).catch(() => undefined);
    if (version?.status !== 0) return undefined;
    return await runCommand('python3', [`test/parity/${name}.py`, programs]);
  }

  behaviour(title, (it) => {
    // Only these have the system's own sockets and pipes, and so its limits.
    for (const driver of ['posix', 'posix, uv_poll'])
      it(
        `prints what the python3 of this machine prints, on ${driver}`,
        async () => {
          python ??= askPython();
          const [ours, theirs] = await Promise.all([
            runFile(`test/parity/${name}.ts`, { args: [programs, driver] }),
            python,
          ]);

          assert.is(ours.stderr, '');
          assert.is(ours.status, 0);
          if (theirs === undefined) return; // no Python here, or another version
          assert.is(theirs.status, 0, theirs.stderr);
          assert.is(ours.stdout, theirs.stdout);
        },
        { seconds },
      );
  });
}
