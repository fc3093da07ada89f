// The package.json of the package. `npm pack` and `npm publish` call this before they pack, and with --restore afterwards:
// users need no scripts and no versions of our development tools.
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Beside the files that are packed, but not one of them. */
const COPY = 'dist/.package.json';

if (process.argv.includes('--restore')) renameSync(COPY, 'package.json');
else {
  const { devDependencies, overrides, scripts, ...published } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  // Left over from a run that was killed: the copy is the original then.
  if (devDependencies) copyFileSync('package.json', COPY);
  writeFileSync('package.json', `${JSON.stringify(published, undefined, 2)}\n`);
}
