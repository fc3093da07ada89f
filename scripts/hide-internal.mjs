// Removes internal members, whose names begin with `_`, from the interfaces in a build's
// declarations. `stripInternal` removes them from classes; these would then no longer implement the
// interfaces, and users who check library types could not compile.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Does so in a folder of compiled files. Removed members leave empty lines, so that source maps
 * stay valid.
 */
export function hideInternal(folder) {
  const ts = createRequire(import.meta.url)('typescript');
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = path.join(folder, name);
    const before = readFileSync(file, 'utf8');
    const after = withoutInternal(ts, before);
    if (after !== before) writeFileSync(file, after);
  }
}

function withoutInternal(ts, text) {
  const source = ts.createSourceFile('types.d.ts', text, ts.ScriptTarget.Latest, false);
  const hidden = source.statements
    .filter(ts.isInterfaceDeclaration)
    .flatMap(({ members }) => members.filter(({ name }) => name && /^_/.test(textOf(name))));
  let left = text;
  for (const { pos, end } of hidden.reverse())
    left = left.slice(0, pos) + text.slice(pos, end).replace(/[^\n]+/g, '') + left.slice(end);
  return left;

  function textOf(name) {
    return text.slice(ts.skipTrivia(text, name.pos), name.end);
  }
}
