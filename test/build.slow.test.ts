/** The build of the package refuses sources that it would get wrong. */
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { Program, root } from './support/program.ts';

const NEEDED = ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** Builds a copy of the project, with lines added to some of its sources; returns what the build says. */
async function buildWith(added: Record<string, string>): Promise<string> {
  const copy = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-build-'));
  try {
    for (const name of NEEDED)
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    for (const name of ['node_modules', 'test', 'bench', 'examples'])
      symlinkSync(path.join(root, name), path.join(copy, name));
    for (const [file, line] of Object.entries(added))
      appendFileSync(path.join(copy, 'src', file), `${line}\n`);
    const args = ['dist', 'dist-src'].map((name) => path.join(copy, name));
    await using build = Program.node(path.join(copy, 'scripts/bundle.mjs'), args, { cwd: copy });
    const { status } = await build.ends(60);
    assert.is(status, 1, 'the build has failed');
    return build.stderr;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

behaviour('The build', (it) => {
  it(
    'refuses an import on demand of what the library has',
    async () => {
      const said = await buildWith({
        'cli/look.ts': `export const lock = async () => (await import('../sync/lock.ts')).Lock;`,
      });

      assert.match(said, /cli\/look\.ts imports sync\/lock\.ts on demand, but [^\n]*index\.ts/);
    },
    { seconds: 90 },
  );

  it(
    'refuses an import on demand of what two others share',
    async () => {
      const said = await buildWith({
        'inspect/answer.ts': `export const late = () => import('../simulation/history/linearizable.ts');`,
        'inspect/watched/on-demand.ts': `export { check } from '../../simulation/history/linearizable.ts';`,
        'simulation/history/linearizable.ts': 'export const check = 1;',
      });

      const text =
        /inspect\/answer\.ts imports simulation\/history\/linearizable\.ts on demand, but inspect\/watched\/on-demand\.ts/;
      assert.match(said, text);
    },
    { seconds: 90 },
  );
});
