// The declarations of the package: one file for each door, and what doors share.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { hideInternal } from './hide-internal.mjs';
import { root } from './sources.mjs';

/**
 * Writes the declarations to a folder.
 *
 * @param doors - the names of what users import
 * @param numbers - constants, whose names say what they are
 */
export async function declare(dist, doors, numbers) {
  const types = path.join(dist, 'types');
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
  const options = ['--emitDeclarationOnly', '--declarationMap', 'false', '--outDir', types];
  const { status } = spawnSync(process.execPath, [tsc, ...options], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  hideInternal(types);
  const rolled = await rollup({
    input: Object.fromEntries(doors.map((door) => [door, path.join(types, `${door}.d.ts`)])),
    plugins: [dts({ tsconfig: false })],
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    onwarn(warning) {
      // What doors share is in files that users cannot import by name, and need not.
      if (!/private shared type exports/.test(warning.message)) throw new Error(warning.message);
    },
  });
  await rolled.write({
    dir: dist,
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types-[hash].d.ts',
    minifyInternalExports: false,
    // One file for what several doors have.
    manualChunks: (id, { getModuleInfo }) =>
      !getModuleInfo(id).isEntry && doorsAbove(id, getModuleInfo).size > 1 ? 'types' : undefined,
  });
  await rolled.close();
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const file = path.join(dist, name);
    writeFileSync(file, smallDeclarations(readFileSync(file, 'utf8'), numbers));
  }
  rmSync(types, { recursive: true });
}

/** The doors that have a module, by themselves or through other modules. */
function doorsAbove(id, getModuleInfo, seen = new Set()) {
  if (seen.has(id)) return new Set();
  seen.add(id);
  const { isEntry, importers } = getModuleInfo(id);
  const above = importers.flatMap((each) => [...doorsAbove(each, getModuleInfo, seen)]);
  return new Set(isEntry ? [id, ...above] : above);
}

/** Declarations without what editors do not show, and with each name once. */
function smallDeclarations(declarations, numbers) {
  let text = declarations
    .replace(/^\s+/gm, '')
    // The names are Python's, and so are its pages.
    .replace(/\n\* @see [^\n]*(?:\n\* {3}[^\n]*)*/g, '')
    .replace(/\n\* @throws \{CancelledError\} when the waiting task is cancelled/g, '')
    // The types say so.
    .replace(/\n\* @(?:throws \{TypeError\}|typeParam) [^\n]*(?:\n\* {3}[^\n]*)*/g, '')
    .replace(/\n\* @returns a coroutine of the (?:\w+|transport and the protocol)(?=\n)/g, '')
    .replace(/\n\* @throws the reason of `signal`[^\n]*/g, '')
    // A mistake in the program: the error says what it was.
    .replace(/\n\* @throws \{(?:Range|Runtime)Error\} [^\n]*(?:\n\* {3}[^\n]*)*/g, '')
    // The members of their type say so.
    .replace(
      /\n\* @param options [^\n]*(?:\n\* {3}[^\n]*)*(?=(?:(?!\*\/).)*\*\/\n[^;]*?\boptions\??: [A-Z]\w*(?:<\w+>)?[,)])/gs,
      '',
    )
    // Private members are there for the compiler alone.
    .replace(/\/\*\*(?:(?!\*\/).)*\*\/\n(?=private )/gs, '')
    .replace(/\n\*(?=\n\*\/)/g, '')
    .replace(/\/\*\*.*?\*\//gs, inShort)
    .replace(/\/\*\*.*?\*\//gs, inOneLineEach)
    // Of snapshots, docs/snapshot.schema.json says what each field is.
    .replace(/^(?:export )?interface (?:\w+Data|Snapshot) \{[\s\S]*?\n\}$/gm, (fields) =>
      fields.replace(/\/\*\*[\s\S]*?\*\/\n/g, ''),
    )
    .replace(/\{@link (\S+)\}/g, '`$1`')
    .replace(/(?<=@param \w+) -(?= )/g, '')
    .replace(/\n\*\//g, ' */')
    .replace(/^\* (?!\*)/gm, '')
    .replace(/\/\*\*\n/g, '/** ');
  // An export that has its own name is said where it is declared.
  const declared = new Set();
  text = text.replace(/^export (?:type )?\{(.*)\};$/gm, (line, list) => {
    const entries = list.split(',').map((each) => each.trim());
    const own = entries.filter((each) => /^\w+$/.test(each) && declarationOf(each).test(text));
    for (const name of own) declared.add(name);
    return line.replace(list, () => entries.filter((each) => !declared.has(each)).join(', '));
  });
  for (const name of declared) text = text.replace(declarationOf(name), 'export $&');
  // One statement for numbers, whose names say what they are.
  return text
    .replace(/(?:\/\*\*[^\n]*\*\/\n)*export declare const (\w+) = /g, (whole, name) =>
      Object.hasOwn(numbers, name) ? `export declare const ${name} = ` : whole,
    )
    .replace(/(?<=\d);\n+export declare const (?=[A-Z]\w+ = -?\d)/g, ', ');
}

/** The first paragraph of a comment, and its tags: the rest, and examples, are in the documentation. */
function inShort(comment) {
  return comment
    .replace(/\n\* @example.*?(?=\n\* @|\n\*\/)/gs, '')
    .replace(/\n\*\n(?!\* @).*?(?=\n\* @|\n\*\/)/s, '');
}

/** A comment without line breaks in its sentences; lists and code stay as they are. */
function inOneLineEach(comment) {
  const isProse = !/```|^\* [-|]/m.test(comment);
  if (!isProse) return comment.replace(/\n\*(?=\n)/g, '\n');
  return comment
    .replace(/\n\* (?=[^\s@])/g, ' ')
    .replace(/\n\*(?=\n)/g, '')
    .replace(/\n\* {3}(?=\S)/g, ' ')
    .replace(/^\/\*\* {2}/, '/** ');
}

function declarationOf(name) {
  const kinds = 'declare (?:abstract )?(?:class|function|const|namespace)|interface|type';
  return new RegExp(`^(?:${kinds}) ${name}\\b`, 'gm');
}
