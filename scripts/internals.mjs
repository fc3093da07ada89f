// What tests and other programs import from src by path. Uses only Node's own modules.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const IMPORT =
  /\b(?:(?:import|export) (?!type\b)(?:\{([^}]*)\}|\*[^;]*?) from|import\()\s*'(?:\.\.\/)+src\/([^']+)'/g;

/** The names of internal members. */
export const MEMBER = /\b_[a-z]\w*/g;

/** The imported names of each source, by its path below src; `*` if it may be all of them. */
export function importedInternals(root) {
  const found = new Map();
  for (const folder of ['test', 'bench', 'scripts', 'examples'])
    for (const file of readdirSync(path.join(root, folder), { recursive: true }).sort())
      if (/\.(?:ts|mjs)$/.test(file))
        collect(readFileSync(path.join(root, folder, file), 'utf8'), found);
  return [...found]
    .map(([source, names]) => [source, [...names].sort()])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The names of internal members that tests, programs and the like use: these are not changed. */
export function mentionedMembers(root) {
  const found = new Set();
  for (const folder of ['test', 'bench', 'scripts', 'examples', 'src/cli', 'src/echo'])
    for (const file of readdirSync(path.join(root, folder), { recursive: true }))
      if (/\.(?:ts|mjs)$/.test(file))
        for (const [name] of readFileSync(path.join(root, folder, file), 'utf8').matchAll(MEMBER))
          found.add(name);
  return [...found].sort();
}

function collect(text, found) {
  for (const [, list, source] of text.matchAll(IMPORT)) {
    const names = found.get(source) ?? new Set();
    found.set(source, names);
    for (const name of list?.split(',') ?? ['*'])
      if (name.trim() !== '' && !/^type\b/.test(name.trim()))
        names.add(name.trim().split(/\s+as\s+/)[0]);
  }
}
