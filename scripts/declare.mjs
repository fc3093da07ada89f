// The declarations of the package: one file for each entry point, and one for what they share.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { withShortComments } from './declared-comments.mjs';
import { hideInternal } from './hide-internal.mjs';
import { root } from './sources.mjs';

/**
 * Writes the declarations to a folder.
 *
 * @param doors - the names of the entry points
 * @param numbers - constants, whose names are self-explanatory
 */
export async function declare(dist, doors, numbers) {
  const types = path.join(dist, 'types');
  // The compiler in Go takes an eighth of the time.
  const tsc = path.join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
  const options = ['--emitDeclarationOnly', '--declarationMap', 'false', '--outDir', types];
  const compiler = spawn(process.execPath, [tsc, ...options], { cwd: root, stdio: 'inherit' });
  const [status] = await once(compiler, 'exit');
  if (status !== 0) process.exit(status ?? 1);
  hideInternal(types);
  const spaces = takeNamespaces(path.join(types, 'index.d.ts'));
  const entries = [...doors.map((door) => [door, door]), ...spaces];
  const rolled = await rollup({
    input: Object.fromEntries(
      entries.map(([name, file]) => [name, path.join(types, `${file}.d.ts`)]),
    ),
    plugins: [dts({ tsconfig: false })],
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    onwarn(warning) {
      // What entry points share is in files that users cannot import by name, and do not need to.
      if (!/private shared type exports/.test(warning.message)) throw new Error(warning.message);
    },
  });
  await rolled.write({
    dir: dist,
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name].d.ts',
    minifyInternalExports: false,
    // One file for what several entry points share.
    manualChunks: (id, { getModuleInfo }) =>
      !getModuleInfo(id).isEntry && doorsAbove(id, getModuleInfo).size > 1 ? 'types' : undefined,
  });
  await rolled.close();
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const file = path.join(dist, name);
    writeFileSync(file, smallDeclarations(readFileSync(file, 'utf8'), numbers));
  }
  for (const name of spaces.keys())
    appendFileSync(path.join(dist, 'index.d.ts'), `export * as ${name} from './${name}.js';\n`);
  rmSync(types, { recursive: true });
}

/**
 * Moves what a file exports as namespaces to separate files: rollup would declare each of
 * their names three times.
 *
 * @returns the paths of the namespaces, by name
 */
function takeNamespaces(file) {
  const text = readFileSync(file, 'utf8');
  const exported = /^export \* as (\w+) from '\.\/(.*)\.ts';$/gm;
  writeFileSync(file, text.replace(exported, ''));
  return new Map(Array.from(text.matchAll(exported), ([, name, from]) => [name, from]));
}

/** The entry points that export a module, directly or through other modules. */
function doorsAbove(id, getModuleInfo, seen = new Set()) {
  if (seen.has(id)) return new Set();
  seen.add(id);
  const { isEntry, importers } = getModuleInfo(id);
  const above = importers.flatMap((each) => [...doorsAbove(each, getModuleInfo, seen)]);
  return new Set(isEntry ? [id, ...above] : above);
}

/** Declarations without what editors do not show, and with each name only once. */
function smallDeclarations(declarations, numbers) {
  let text = withShortComments(declarations.replace(/^\s+/gm, ''))
    // Classes with such members also have `#private`.
    .replace(/^private (?:get )?_\w+.*\n/gm, '')
    .replace(/^import '.*\n/gm, '')
    // Every object has it.
    .replace(/^(?:(?:abstract|override) )*toString\(\): string;\n/gm, '')
    // docs/snapshot.schema.json documents each field of snapshots.
    .replace(/^(?:export )?interface (?:\w+Data|Snapshot) \{[\s\S]*?\n\}$/gm, (fields) =>
      fields.replace(/\/\*\*[\s\S]*?\*\/\n/g, ''),
    );
  // An export under its own name is marked where it is declared.
  const declared = new Set();
  text = text.replace(/^export (?:type )?\{(.*)\};$/gm, (line, list) => {
    const entries = list.split(',').map((each) => each.trim());
    const own = entries.filter((each) => /^\w+$/.test(each) && declarationOf(each).test(text));
    for (const name of own) declared.add(name);
    return line.replace(list, () => entries.filter((each) => !declared.has(each)).join(', '));
  });
  for (const name of declared) text = text.replace(declarationOf(name), 'export $&');
  text = text.replace(/^export (?:type )?\{\};\n?/gm, '');
  // Without such a statement, everything would be exported.
  if (!/^export (?:type )?[{*]/m.test(text)) text += 'export {};\n';
  // What users cannot import needs no comment. One statement for all numbers, whose names are self-explanatory.
  text = text
    .replace(/(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)+(?=(?:declare|interface|type) )/g, '')
    .replace(/(?:\/\*\*[^\n]*\*\/\n)*export declare const (\w+) = /g, (whole, name) =>
      Object.hasOwn(numbers, name) ? `export declare const ${name} = ` : whole,
    )
    .replace(/(?<=\d);\n+export declare const (?=[A-Z]\w+ = -?\d)/g, ', ');
  return withoutSpaces(text).replace(/^export declare /gm, 'export ');
}

/** Removes spaces and semicolons that the compiler does not need. Comments are not changed. */
function withoutSpaces(declarations) {
  const comment = /\/\*\*[\s\S]*?\*\//;
  const string = /'[^'\n]*'|`[^`]*`/;
  const spaces = /[:,] | (?:=>|[|&]) |(?<=\w) = | ?[{}] ?|;\n+(?=[\w/}])/;
  const parts = [comment, string, spaces].map(({ source }) => source);
  return declarations.replace(new RegExp(parts.join('|'), 'g'), (part) => {
    if (part.startsWith(';')) return '\n';
    return part.startsWith('/') ? part.replace(/ (?=\*\/$)|(?<=^\/\*\*) /g, '') : part.trim();
  });
}

function declarationOf(name) {
  const kinds = 'declare (?:abstract )?(?:class|function|const|namespace)|interface|type';
  return new RegExp(`^(?:${kinds}) ${name}\\b`, 'gm');
}
