/**
 * Compiles TypeScript to JavaScript in advance, for tests and the programs that they start: a compiler in each
 * process would cost a second, and enough memory to make every garbage collection slower.
 *
 * FOLDER/ is compiled to dist-FOLDER/, from which the path to the root of the project is the same.
 * A file is compiled again if its source has changed. With `node --enable-source-maps`,
 * stacks refer to the sources.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Imports by path. */
const IMPORTED = /(?<=\b(?:from |import |import\()(["']))(\.[^"']+)\.ts(?=\1)/g;

/** What the JavaScript depends on, other than its source. */
const maker = ['scripts/plain.mjs', 'tsconfig.json', 'package-lock.json']
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\0');

/** The folders that are up to date. A test process inherits the list from its parent. */
const made = new Set(process.env.ASYNCIO_TESTS_MADE?.split(`${root} `)[1]?.split(' '));

/**
 * The JavaScript of a TypeScript program, compiled together with the rest of its folder and its imports.
 *
 * @param {string} file - from the root of the project: `test/core/children/reports.ts`
 * @returns {string} an absolute path
 */
export function plain(file) {
  makePlain(folderOf(file));
  return path.join(root, `dist-${file.replace(/\.ts$/, '.js')}`);
}

/** Compiles what tests need, once for this process and its child processes. */
export function makeOnce() {
  makePlain('test');
  process.env.ASYNCIO_TESTS_MADE = [root, ...made].join(' ');
}

/**
 * Compiles what has changed in a folder at the root, and in the folders that it imports from.
 *
 * @param {string} folder
 */
export function makePlain(folder) {
  // src is replaced by the shipped code, which the build creates.
  if (folder === 'src' || made.has(folder)) return;
  made.add(folder);
  const out = path.join(root, `dist-${folder}`);
  const record = path.join(out, '.made-from');
  const before = read(record);
  const now = {};
  const others = new Set();
  for (const file of programs(folder)) {
    const source = readFileSync(path.join(root, file), 'utf8');
    now[file] = createHash('sha256').update(maker).update(source).digest('hex');
    for (const [, , imported] of source.matchAll(IMPORTED))
      if (isThere(file, imported)) others.add(target(file, imported));
  }
  transpile(
    folder,
    Object.keys(now).filter((file) => now[file] !== before[file]),
  );
  for (const imported of others) makePlain(folderOf(imported));
  const text = JSON.stringify(now);
  if (text !== JSON.stringify(before)) write(record, text);
}

/** All TypeScript files of a folder. */
function programs(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .map((file) => `${folder}/${String(file).split(path.sep).join('/')}`)
    .filter((file) => file.endsWith('.ts'));
}

function transpile(folder, files) {
  if (files.length === 0) return;
  const { buildSync } = require('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [...files],
    outbase: folder,
    outdir: `dist-${folder}`,
    target: 'node20',
    keepNames: true, // where a function's name is another's, too
    sourcemap: 'linked',
    sourcesContent: false,
    write: false,
  });
  for (const { path: out, text } of outputFiles) {
    const file = path.relative(root, out).split(path.sep).join('/').replace('dist-', '');
    const ours = text.replace(IMPORTED, (all, _quote, imported) =>
      isThere(file, imported) ? moved(file, imported) : all,
    );
    write(out, out.endsWith('.map') ? text : ours);
  }
}

/** The path that a file's JavaScript imports, which differs for another folder. */
function moved(file, imported) {
  const folder = folderOf(target(file, imported));
  const there = folder === folderOf(file) ? imported : imported.replace(folder, `dist-${folder}`);
  return `${there}.js`;
}

/** Is it a file of this project? Strings in tests look like imports, too. */
function isThere(file, imported) {
  return existsSync(path.join(root, `${target(file, imported)}.ts`));
}

/** What a file imports, relative to the root of the project. */
function target(file, imported) {
  return path.posix.join(path.posix.dirname(file), imported);
}

function folderOf(file) {
  return file.slice(0, file.indexOf('/'));
}

/** Writes a file atomically: another process may read or write it meanwhile. */
function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

function read(record) {
  try {
    return JSON.parse(readFileSync(record, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return {};
  }
}
