// The package.json and the README.md of the package. `npm pack` and `npm publish` call this before they pack, and with
// --restore afterwards: users need no scripts and no versions of our development tools, and the package does not contain
// the pages that README.md links to.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const FILES = { 'package.json': withoutTools, 'README.md': withoutLinks };

for (const [file, change] of Object.entries(FILES)) {
  // Next to the packed files, but not packed itself.
  const copy = `dist/.${file}`;
  if (process.argv.includes('--restore')) {
    if (existsSync(copy)) renameSync(copy, file);
    continue;
  }
  const text = readFileSync(file, 'utf8');
  const published = change(text);
  // If nothing changes, this is left over from a run that was killed, and the copy is the original.
  if (published === text) continue;
  copyFileSync(file, copy);
  writeFileSync(file, published);
}

function withoutTools(text) {
  const { devDependencies, overrides, scripts, ...published } = JSON.parse(text);
  return `${JSON.stringify(published, undefined, 2)}\n`;
}

/** Leaves out the commands of the repository and the chart, and replaces relative links with the names of their files. */
function withoutLinks(text) {
  return text
    .replace(/^Or clone [\s\S]*?\n```\n\n/m, '')
    .replace(/^`npm run docs.*\n\n/m, '')
    .replace(/^## What a message costs\n[\s\S]*?(?=^## )/m, '')
    .replace(/^## Documentation\n(?!\nThese)/m, '$&\nThese files are in the repository.\n')
    .replace(/!?\[([^\]]*)\]\((?![a-z]+:|#)([^)]*)\)/g, (_, words, file) =>
      words === file ? `\`${file}\`` : `${words} (\`${file}\`)`,
    );
}
