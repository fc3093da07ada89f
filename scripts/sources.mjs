// The sources, for the scripts that build the package. Uses only Node's own modules.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const src = path.join(root, 'src');

/** The paths of the sources below src, with slashes. */
export function sources() {
  return readdirSync(src, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
}

/** The text of a source. */
export function sourceText(file) {
  return readFileSync(path.join(src, file), 'utf8');
}

/** Is a source part of the programs that come with the library? */
export function isOfPrograms(file) {
  return file.startsWith('echo/') || file.startsWith('cli/') || file === 'cli.ts';
}
