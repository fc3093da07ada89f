// node scripts/bundle.mjs DIST DOORS: bundles src into the few files that are shipped, in DIST.
//
// Tests run on these same files. They import sources by path, and DOORS redirects them: for each
// source, a file exports its names from the shipped files. What users cannot import is exported
// by DIST/internals.js, which is not shipped.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { DOORS, importsOf, isDoor, isProgram, namesIn, planChunks } from './chunks.mjs';
import { declare } from './declare.mjs';
import { importedInternals } from './internals.mjs';
import { small, smallPage, withNames } from './minify.mjs';
import { isOfPrograms, root, sources, sourceText, src } from './sources.mjs';

/** Sources with constants only: these are inlined where they are used, and only socket.js exports the names. */
const NUMBERS = [
  'sock/constants/constants.ts',
  'sock/messages/flags.ts',
  'sock/constants/system-constants.ts',
];
const numbers = numbersOf(NUMBERS);
const COMMON = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['koffi'],
  logLevel: 'warning',
  write: false,
};
/** The prefix of names that only other chunks import. */
const AMONG = '__';
const [dist, doors] = process.argv.slice(2).map((folder) => path.resolve(folder));

async function bundle() {
  const names = await namesOfSources();
  narrowToImported(names);
  const isNoNumber = (name) => !Object.hasOwn(numbers, name);
  names.set('socket.ts', names.get('socket.ts').filter(isNoNumber));
  const chunks = await planChunks(names);
  const homes = new Map();
  for (const [chunk, { files }] of chunks) for (const file of files) homes.set(file, chunk);
  const exported = withNeeded(names, homes);
  exported.get('base/stacks/user-frames.ts').push('noteBounds');
  const threadText = await textOfThreadProgram();
  const page = await textOfLivePage();
  const texts = new Map();
  for (const [chunk, { entry, files }] of chunks) {
    const runs = entry !== undefined && isProgram(entry);
    const all = entry === undefined ? '' : `export * from './${entry}';\n`;
    const { outputFiles } = await esbuild.build({
      ...COMMON,
      outdir: dist,
      sourcemap: 'inline',
      define: {
        THREAD_PROGRAM: JSON.stringify(threadText),
        LIVE_PAGE: JSON.stringify(page),
        ...numbers,
      },
      entryPoints: { [chunk]: runs ? path.join(src, entry) : 'chunk' },
      plugins: [
        numbersInPlace,
        nodeModules(files),
        otherChunks(chunk, homes, exported),
        textOf('chunk', all + exportsOf(files.map((file) => [file, exported.get(file)]))),
      ],
    });
    texts.set(chunk, outputFiles[0].text);
  }
  for (const door of DOORS)
    texts.set(
      door,
      reexported(homes, [[`${door}.ts`, names.get(`${door}.ts`)]], (_, name) => name),
    );
  const internal = [...names].filter(
    ([file]) => homes.has(file) && !isDoor(file) && !isProgram(file),
  );
  for (const isOfEcho of [false, true])
    texts.set(
      isOfEcho ? 'internals-echo' : 'internals',
      reexported(
        homes,
        internal.filter(([file]) => isOfPrograms(file) === isOfEcho),
        among,
      ),
    );
  const publicNames = new Set(DOORS.flatMap((door) => names.get(`${door}.ts`)));
  // The names under which chunks export their own, once these are short.
  const short = new Map();
  for (const name of importedFirst(texts)) {
    const imports = withOwnImports(texts.get(name), short);
    const { code, map } = await minified(name, imports, (each) => publicNames.has(each));
    const [renamed, own] = chunks.has(name) ? withOwnExports(code) : [code];
    if (own !== undefined) short.set(name, own);
    // Throws if a name is declared twice.
    await esbuild.transform(renamed, { format: 'esm' });
    write(name, renamed, map);
  }
  chmodSync(path.join(dist, 'cli.js'), 0o755);
  for (const [file, some] of names) if (!isProgram(file)) writeDoor(file, some);
}

/** The source text that threads start with. */
async function textOfThreadProgram() {
  const program = 'threads/thread-program.ts';
  const { outputFiles } = await esbuild.build({
    ...COMMON,
    entryPoints: [path.join(src, program)],
    plugins: [nodeModules(sources())],
    format: 'iife',
    define: { 'import.meta.url': '""' },
  });
  return (await small(outputFiles[0].text, () => false)).code;
}

/** The page of `asyncio-ts inspect`: one string, without white space and comments. */
async function textOfLivePage() {
  const read = (file) => readFileSync(path.join(src, 'cli', 'live', 'page', file), 'utf8');
  const css = await esbuild.transform(read('page.css'), { minify: true, loader: 'css' });
  const style = css.code.trim();
  const script = await smallPage(read('page.js'));
  return read('page.html')
    .replaceAll('\n', '')
    .replace('/* STYLE */', () => style)
    .replace('/* SCRIPT */', () => script);
}

/** Adds, to the exported names of sources, those that other chunks import. */
function withNeeded(names, homes) {
  const needed = new Map([...names].map(([file, some]) => [file, new Set(some)]));
  for (const [file, chunk] of homes)
    for (const { names: some, file: imported } of importsOf(file))
      if (homes.get(imported) !== chunk && homes.has(imported) && !isDoor(imported)) {
        if (some === undefined)
          throw new Error(`${file} imports all of ${imported}: name what it needs`);
        for (const name of some) needed.get(imported).add(name);
      }
  return new Map([...needed].map(([file, some]) => [file, [...some]]));
}

/** The names of output files, each after those that it imports. */
function importedFirst(texts) {
  const ordered = new Set();
  const add = (name) => {
    if (ordered.has(name)) return;
    for (const [, other] of texts
      .get(name)
      .matchAll(/^(?:import|export) .* from "\.\/(.*)\.js";$/gm))
      add(other);
    ordered.add(name);
  };
  for (const name of texts.keys()) add(name);
  return ordered;
}

/**
 * Minified code in which exports that only other chunks import have their short names, and the mapping from
 * the original names.
 */
function withOwnExports(code) {
  const own = new Map();
  const text = code.replace(/(?<=\bexport\{)[^}]*(?=\};)/g, (list) => {
    const parts = list.split(',').map((part) => part.trim().split(' as '));
    const called = new Map(parts.filter(([, name = '']) => !name.includes(AMONG)));
    for (const [local, name = local] of parts) {
      if (!name.includes(AMONG)) continue;
      if (!called.has(local)) called.set(local, local);
      own.set(name, called.get(local) ?? local);
    }
    return [...called]
      .map(([local, name = local]) => (name === local ? local : `${local} as ${name}`))
      .join(',');
  });
  return [text, own];
}

/** Code that imports by these names. */
function withOwnImports(text, shared) {
  return text.replace(
    /^(import|export) \{([^}]*)\} from "\.\/(.*)\.js";$/gm,
    (line, statement, list, chunk) => {
      const names = shared.get(chunk);
      if (names === undefined) return line;
      const parts = list.split(',').map((part) => {
        const [name, local = name] = part.trim().split(' as ');
        return `${names.get(name) ?? name} as ${local}`;
      });
      return `${statement} { ${parts.join(', ')} } from "./${chunk}.js";`;
    },
  );
}

/** One statement for everything that is imported from a chunk. */
function withImportsTogether(bundled) {
  const lists = new Map();
  const statement = /^import \{([^}]*)\} from "(.*)";$/gm;
  for (const [, list, chunk] of bundled.matchAll(statement))
    lists.set(chunk, [...(lists.get(chunk) ?? []), list]);
  return bundled.replace(statement, (_, _list, chunk) => {
    const all = lists.get(chunk);
    lists.delete(chunk);
    return all === undefined ? '' : `import { ${all.join(', ')} } from "${chunk}";`;
  });
}

/** A line of this many characters makes Node's output for an error unreadable. */
const LONG_LINE = 10_000;
/** Node prints the line of code that threw an uncaught error, unless the line contains this. */
const UNPRINTED = '//node-do-not-add-exception-line';

/** The text of a file of the package, and its source map. */
async function minified(name, bundled, isPublic) {
  const named = withNames(bundled, isPublic);
  // Importing chunks has no side effects (`sideEffects` in package.json), so none is imported for them.
  const needed = withImportsTogether(named.replace(/^import "\.\/[\w-]+\.js";$/gm, ''));
  const { code, map } = await small(needed, isPublic, {
    module: true,
    nameCache: { vars: { props: importedNames(needed) } },
    sourceMap: { content: /^\/\/# source/m.test(bundled) && 'inline', filename: `${name}.js` },
  });
  return { code: code.length < LONG_LINE ? code : code + UNPRINTED, map };
}

/** The local names of imports, so that no import has to be renamed. */
function importedNames(bundled) {
  const names = new Map();
  for (const [, list] of bundled.matchAll(/^import \{(.*)\} from "\.\/.*";$/gm))
    for (const part of list.split(',')) {
      const [name, local] = part.trim().split(' as ');
      const isTaken = new RegExp(
        `^(?:async )?(?:function\\*?|var|let|const|class) ${name.replaceAll('$', '\\$')}\\b`,
        'm',
      );
      if (local !== undefined && !names.has(name) && !isTaken.test(bundled)) names.set(name, local);
    }
  return Object.fromEntries([...names].map(([name, local]) => [`$${local}`, name]));
}

/**
 * Writes a file of the package, and its source map. The file does not refer to the map, which is not shipped, and
 * which would make programs start 50 % slower. The loaders of scripts/shipped.mjs and of the tests add the
 * reference.
 */
function write(name, code, map) {
  const file = path.join(dist, `${name}.js`);
  mkdirSync(dist, { recursive: true });
  const more = name === 'socket' ? `\nexport const ${definitions(numbers)};` : '';
  writeFileSync(file, `${code}${more}\n`);
  writeFileSync(`${file}.map`, map);
}

/** The names that sources export, by path below src; not those of types. */
async function namesOfSources() {
  const files = sources();
  const { metafile } = await esbuild.build({
    absWorkingDir: src,
    entryPoints: files,
    outdir: 'out',
    outbase: src,
    format: 'esm',
    metafile: true,
    write: false,
  });
  const exported = (file) => metafile.outputs[`out/${file.replace(/ts$/, 'js')}`].exports;
  const starred = (file) =>
    Array.from(sourceText(file).matchAll(/^export \* from '\.\/(.*)';$/gm), ([, other]) =>
      path.posix.join(path.posix.dirname(file), other),
    );
  return new Map(
    files.map((file) => [file, [...exported(file), ...starred(file).flatMap(exported)]]),
  );
}

/** Removes from the names of internal files those that tests and programs do not import. */
function narrowToImported(names) {
  const asked = new Map(importedInternals(root));
  for (const [file, exported] of names) {
    const some = asked.get(file) ?? [];
    if (!isDoor(file) && !isProgram(file) && !some.includes('*'))
      names.set(
        file,
        exported.filter((name) => some.includes(name)),
      );
  }
}

/** Exports the names of files, each under a unique name. */
function exportsOf(files) {
  const lines = files.map(([file, names]) => {
    const renamed = names.map((name) => `${name} as ${among(file, name)}`);
    return renamed.length > 0 ? `export { ${renamed.join(', ')} } from './${file}';` : '';
  });
  return lines.join('\n');
}

/** A file that exports the names of sources, each as `called` returns. */
function reexported(homes, files, called) {
  return files
    .filter(([, names]) => names.length > 0)
    .map(([file, names]) => {
      const renamed = names.map((name) => `${among(file, name)} as ${called(file, name)}`);
      return `export { ${renamed.join(', ')} } from "./${homes.get(file)}.js";\n`;
    })
    .join('');
}

/** The unique name of a source's export. */
function among(file, name) {
  return `${file.slice(0, -'.ts'.length).replace(/\W/g, '_')}${AMONG}${name}`;
}

/** The file that replaces a source for tests. */
function writeDoor(file, names) {
  const out = path.join(doors, file.replace(/ts$/, 'js'));
  const there = path.posix.join(path.posix.relative(path.posix.dirname(file), '.'), '../dist');
  const renamed = names.map((name) => `${among(file, name)} as ${name}`);
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(
    out,
    isDoor(file)
      ? `export * from '${there}/${file.replace(/ts$/, 'js')}';\n`
      : `export { ${renamed.join(', ')} } from '${there}/${isOfPrograms(file) ? 'internals-echo' : 'internals'}.js';\n`,
  );
}

/** A virtual module. */
function textOf(name, contents) {
  return {
    name,
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: name }));
      const module = { contents, resolveDir: src, loader: 'js' };
      build.onLoad({ filter: /.*/, namespace: name }, () => module);
    },
  };
}

/**
 * Node's modules without `import`, which reads all their exports: Node would then load more than we use, such as
 * the streams of `node:fs`.
 */
const nodeModules = (files) => ({
  name: 'node modules',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: id }) => ({
      path: id,
      namespace: 'node-modules',
      sideEffects: false,
    }));
    build.onLoad({ filter: /./, namespace: 'node-modules' }, ({ path: id }) => ({
      contents: `export const { ${importedOf(id, files).join(', ')} } = process.getBuiltinModule('${id}');`,
    }));
  },
});

/** What the sources import from a module of Node. */
function importedOf(id, files) {
  const imports = new RegExp(`^import \\{([^}]*)\\} from '${id}';`, 'gm');
  const lists = files.flatMap((file) => [...sourceText(file).matchAll(imports)]);
  return [...new Set(lists.flatMap(([, list]) => namesIn(list)))];
}

/** The constants of the sources, by name. */
function numbersOf(files) {
  const texts = files.map((file) => sourceText(file)).join('\n');
  const found = texts.matchAll(/\b([A-Z]\w+) = (-?\w+)(?=[,;]$)/gm);
  return Object.fromEntries([...found].map(([, name, value]) => [name, String(Number(value))]));
}

function definitions(values) {
  return Object.entries(values)
    .map((entry) => entry.join('='))
    .join(',');
}

/** Removes the imports and exports of {@link NUMBERS}: esbuild inlines names that are not declared. */
const numbersInPlace = {
  name: 'numbers in place',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path: file }) => {
      const contents = readFileSync(file, 'utf8').replace(
        /^(?:import \{[^}]*\}|export \*) from '([^']*)';$/gm,
        (line, from) => {
          const imported = path.relative(src, path.resolve(path.dirname(file), from));
          const isOfNumbers = NUMBERS.includes(imported.split(path.sep).join('/'));
          // Line breaks stay, for the source maps.
          return isOfNumbers ? line.replace(/.+/g, '') : line;
        },
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** What a chunk imports from other chunks. */
const otherChunks = (chunk, homes, exported) => ({
  name: 'other chunks',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: imported, resolveDir, kind }) => {
      const file = path.relative(src, path.join(resolveDir, imported)).split(path.sep).join('/');
      const home = homes.get(file);
      if (home === chunk) return undefined;
      if (home === undefined) throw new Error(`${imported} is in no chunk`);
      if (isDoor(file)) return { path: `./${file.replace(/ts$/, 'js')}`, external: true };
      if (kind === 'dynamic-import') return { path: `./${home}.js`, external: true };
      return { path: file, namespace: 'other-chunks', sideEffects: false };
    });
    build.onLoad({ filter: /./, namespace: 'other-chunks' }, ({ path: file }) => {
      const renamed = exported.get(file).map((name) => `${among(file, name)} as ${name}`);
      return { contents: `export { ${renamed.join(', ')} } from './${homes.get(file)}.js';` };
    });
    build.onResolve({ filter: /./, namespace: 'other-chunks' }, ({ path: other }) => ({
      path: other,
      external: true,
    }));
  },
});

// The compiler is another process, and takes as long.
await Promise.all([bundle(), declare(dist, DOORS, numbers)]);
