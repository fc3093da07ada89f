// node scripts/bundle.mjs DIST DOORS: makes of src the few files that are shipped, in DIST.
//
// Tests run on the very same files. They import sources by their paths, and what they are given is in
// DOORS: for each source a file that has its names from the shipped ones. What no user can import comes
// by way of DIST/internals.js, which is not shipped.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { declare } from './declare.mjs';
import { importedInternals } from './internals.mjs';
import { small, withNames } from './minify.mjs';
import { isOfPrograms, root, sources, sourceText, src } from './sources.mjs';

/** What users import. */
const DOORS = ['index', 'socket', 'subprocess', 'testing'];
/** Sources of numbers alone: these stand where their names are used, and only socket.js has the names. */
const NUMBERS = [
  'sock/constants/constants.ts',
  'sock/messages/flags.ts',
  'sock/constants/system-constants.ts',
];
const numbers = numbersOf(NUMBERS);
/** Users of the library that come with it: they import the doors beside them. */
const PROGRAMS = { cli: 'cli.ts', 'echo-worker': 'echo/worker-program.ts' };
/** What chunks are called: src/base/stacks/user-frames.ts knows our own frames by it. */
const CHUNK = 'asyncio-ts-[hash]';
/** The chunk that has nearly all. */
const LIBRARY = chunkOf('library');

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
const [dist, doors] = process.argv.slice(2).map((folder) => path.resolve(folder));

async function bundle() {
  const names = await namesOfSources();
  narrowToImported(names);
  const isNoNumber = (name) => !Object.hasOwn(numbers, name);
  names.set('socket.ts', names.get('socket.ts').filter(isNoNumber));
  const threadProgram = await esbuild.build({
    ...COMMON,
    entryPoints: [path.join(src, 'threads', 'thread-program.ts')],
    plugins: [nodeModules((file) => !isOfPrograms(file))],
    format: 'iife',
    define: { 'import.meta.url': '""' },
  });
  const { code: threadText } = await small(threadProgram.outputFiles[0].text);
  const onDemand = await loadedOnDemand();
  const needed = neededOnDemand(onDemand);
  const isOfLibrary = (file) => !isOfPrograms(file) && !onDemand.has(file);
  const files = [...names].filter(([file]) => isOfLibrary(file));
  const chunks = new Map(
    [...onDemand.values()].map((entry) => [
      entry,
      [...onDemand.keys()].filter((file) => onDemand.get(file) === entry),
    ]),
  );
  const options = {
    ...COMMON,
    outdir: dist,
    splitting: true,
    sourcemap: 'inline',
    chunkNames: CHUNK,
    define: { THREAD_PROGRAM: JSON.stringify(threadText), ...numbers },
  };
  const library = {
    ...options,
    entryPoints: { [LIBRARY]: 'library' },
    plugins: [
      numbersInPlace,
      nodeModules(isOfLibrary),
      chunksBeside(chunks),
      textOf('library', exportsOf(withNeeded(files, needed))),
    ],
  };
  const parts = {
    ...options,
    entryPoints: Object.fromEntries([...chunks.keys()].map((entry) => [chunkOf(entry), entry])),
    plugins: [
      numbersInPlace,
      nodeModules((file) => onDemand.has(file)),
      ofLibrary((file) => onDemand.has(file), needed),
      ...Array.from(chunks, ([entry, inside]) =>
        textOf(
          entry,
          `export * from './${entry}';\n${exportsOf(inside.map((file) => [file, names.get(file)]))}`,
        ),
      ),
    ],
  };
  const programs = {
    ...options,
    entryNames: '[name]',
    chunkNames: 'echo-[hash]',
    entryPoints: {
      ...entries(Object.entries(PROGRAMS)),
      'internals-echo': 'internals-echo',
    },
    plugins: [
      nodeModules(isOfPrograms),
      doorsBeside,
      textOf(
        'internals-echo',
        exportsOf([...names].filter(([file]) => isInternal(file) && isOfPrograms(file))),
      ),
    ],
    keepNames: true, // of functions within functions, which are made once here
  };
  const texts = new Map();
  for (const options of [library, parts])
    for (const { path: file, text } of (await esbuild.build(options)).outputFiles)
      texts.set(file, text);
  for (const [door, exported] of doorsOf(files))
    texts.set(path.join(dist, `${door}.js`), reexport(`${LIBRARY}.js`, exported));
  const internals = path.join(dist, 'internals.js');
  for (const [entry, inside] of chunks) {
    const exported = inside.flatMap((file) => names.get(file).map((name) => among(file, name)));
    const more = reexport(
      `${chunkOf(entry)}.js`,
      exported.map((name) => [name, name]),
    );
    texts.set(internals, texts.get(internals) + more);
  }
  for (const [file, text] of withShortExports(texts)) await write(file, withNames(text));
  for (const { path: file, text } of (await esbuild.build(programs)).outputFiles)
    await write(file, text);
  chmodSync(path.join(dist, 'cli.js'), 0o755);
  for (const [file, exported] of names) writeDoor(file, exported);
}

/**
 * The sources that are loaded on demand: each with the one of them that `import()` names.
 * What the library needs, too, is none of them.
 */
async function loadedOnDemand() {
  const { metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: DOORS.map((door) => path.join(src, `${door}.ts`)),
    outdir: 'out',
    metafile: true,
  });
  const imports = (input, kind) =>
    metafile.inputs[input].imports.filter((each) => each.kind === kind && !each.external);
  const reach = (input, reached) => {
    if (reached.has(input)) return reached;
    reached.add(input);
    for (const { path: next } of imports(input, 'import-statement')) reach(next, reached);
    return reached;
  };
  const atOnce = new Set();
  for (const door of DOORS) reach(`src/${door}.ts`, atOnce);
  const found = new Map();
  for (const input of atOnce)
    for (const { path: entry } of imports(input, 'dynamic-import'))
      for (const each of reach(entry, new Set()))
        if (!atOnce.has(each)) found.set(each.slice('src/'.length), entry.slice('src/'.length));
  return found;
}

/** What sources that are loaded on demand import of the library: names, by the files that export them. */
function neededOnDemand(onDemand) {
  const needed = new Map();
  for (const file of onDemand.keys())
    for (const [, list, imported] of sourceText(file).matchAll(
      /^(?:import|export) \{([^}]*)\} from '(\.[^']*)';$/gm,
    )) {
      const exporter = path.posix.join(path.posix.dirname(file), imported);
      if (!onDemand.has(exporter))
        needed.set(exporter, [...(needed.get(exporter) ?? []), ...namesIn(list)]);
    }
  return needed;
}

/** Adds names to those of the files that export them. */
function withNeeded(files, needed) {
  return files.map(([file, names]) => [
    file,
    [...new Set([...names, ...(needed.get(file) ?? [])])],
  ]);
}

/** The values that a list of imports names. */
function namesIn(list) {
  const names = list.split(',').map((name) => name.trim().split(' as ')[0]);
  return names.filter((name) => name !== '' && !name.startsWith('type '));
}

/** What the chunk is called that a source begins: its name depends on nothing else. */
function chunkOf(source) {
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  return CHUNK.replace('[hash]', hash.toUpperCase());
}

function entries(files) {
  return Object.fromEntries(files.map(([name, file]) => [name, path.join(src, file)]));
}

/** Gives short names to what chunks export to one another; those that are imported as a whole keep theirs. */
function withShortExports(texts) {
  const all = [...texts.values()].join('\n');
  const shortened = new Map();
  const exported = new Map();
  for (const [file, text] of texts) {
    const chunk = `./${path.basename(file)}`;
    const isShortened = chunk.startsWith('./asyncio-ts-') && !all.includes(`import("${chunk}")`);
    const names = new Map();
    const locals = new Map();
    const change = (_, list) => {
      const parts = list.split(',').map((part) => {
        const [local, name = local] = part.trim().split(' as ');
        if (!locals.has(local)) locals.set(local, `a${locals.size.toString(36)}`);
        names.set(name, locals.get(local));
        return `${local} as ${names.get(name)}`;
      });
      return `export { ${[...new Set(parts)].join(', ')} };`;
    };
    exported.set(file, isShortened ? text.replace(/^export \{([^}]*)\};$/gm, change) : text);
    shortened.set(chunk, names);
  }
  const changed = (list, names) =>
    list.split(',').map((part) => {
      const [name, local = name] = part.trim().split(' as ');
      return names.has(name) ? `${names.get(name)} as ${local}` : part.trim();
    });
  for (const [file, text] of exported)
    exported.set(
      file,
      text.replace(/^import \{([^}]*)\} from "(.*)";$/gm, (line, list, chunk) =>
        shortened.has(chunk)
          ? `import { ${changed(list, shortened.get(chunk)).join(', ')} } from "${chunk}";`
          : line,
      ),
    );
  return exported;
}

/** One statement imports all that is imported of a chunk. */
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

async function write(file, bundled) {
  const name = path.basename(file);
  // Chunks have no effects but their names (`sideEffects` in package.json), so none is imported for effects.
  const needed = withImportsTogether(bundled.replace(/^import "\.\/asyncio-ts-\w+\.js";$/gm, ''));
  const { code, map } = await small(needed, {
    module: true,
    sourceMap: { content: /^\/\/# source/m.test(bundled) && 'inline', filename: name },
  });
  mkdirSync(path.dirname(file), { recursive: true });
  const more = name === 'socket.js' ? `\nexport const ${definitions(numbers)};` : '';
  writeFileSync(file, `${code}${more}\n//# sourceMappingURL=${name}.map\n`);
  writeFileSync(`${file}.map`, map);
}

/** The names that sources export, by their paths below src; not those of types. */
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

/** Leaves of the names of internal files those that tests and the like import. */
function narrowToImported(names) {
  const asked = new Map(importedInternals(root));
  for (const [file, exported] of names) {
    const some = asked.get(file) ?? [];
    if (isInternal(file) && !some.includes('*'))
      names.set(
        file,
        exported.filter((name) => some.includes(name)),
      );
  }
}

/** Exports the names of files, each by a name of its own. */
function exportsOf(files) {
  const lines = files.map(([file, names]) => {
    const renamed = names.map((name) => `${name} as ${among(file, name)}`);
    return renamed.length > 0 ? `export { ${renamed.join(', ')} } from './${file}';` : '';
  });
  return lines.join('\n');
}

/** For each file that is imported by its name: what it exports, and what that is called in the library. */
function doorsOf(files) {
  const inLibrary = ([file, names]) => names.map((name) => [among(file, name), name]);
  const internal = files.filter(([file]) => !isDoor(file)).flatMap(inLibrary);
  return [
    ...files
      .filter(([file]) => isDoor(file))
      .map((file) => [file[0].slice(0, -'.ts'.length), inLibrary(file)]),
    ['internals', internal.map(([name]) => [name, name])],
  ];
}

/** A file that exports names of another one. */
function reexport(library, names) {
  const renamed = names.map(([name, local]) => `${name} as ${local}`);
  const locals = names.map(([, local]) => local);
  return `import { ${renamed.join(', ')} } from "./${library}";\nexport { ${locals.join(', ')} };\n`;
}

function isDoor(file) {
  return DOORS.includes(file.slice(0, -'.ts'.length));
}

function isInternal(file) {
  return !isDoor(file) && !Object.values(PROGRAMS).includes(file);
}

/** What a name of a source is called among those of all. */
function among(file, name) {
  return `${file.slice(0, -'.ts'.length).replace(/\W/g, '_')}__${name}`;
}

/** What stands where tests import a source. */
function writeDoor(file, names) {
  if (!isDoor(file) && !isInternal(file)) return;
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

/** A module that is no file. */
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
 * Node's modules without `import`, which reads whatever they export: Node then loads more than we use, such as
 * the streams of `node:fs`.
 */
const nodeModules = (isIncluded) => ({
  name: 'node modules',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: id }) => ({
      path: id,
      namespace: 'node-modules',
      sideEffects: false,
    }));
    build.onLoad({ filter: /./, namespace: 'node-modules' }, ({ path: id }) => ({
      contents: `export const { ${importedOf(id, isIncluded).join(', ')} } = process.getBuiltinModule('${id}');`,
    }));
  },
});

/** What sources import of a module of Node. */
function importedOf(id, isIncluded) {
  const imports = new RegExp(`^import \\{([^}]*)\\} from '${id}';`, 'gm');
  const lists = sources()
    .filter(isIncluded)
    .flatMap((file) => [...sourceText(file).matchAll(imports)]);
  return [...new Set(lists.flatMap(([, list]) => namesIn(list)))];
}

/** The numbers that sources have, by their names. */
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

/** Takes away the imports and exports of {@link NUMBERS}: esbuild replaces names that are not declared. */
const numbersInPlace = {
  name: 'numbers in place',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path: file }) => {
      const contents = readFileSync(file, 'utf8').replace(
        /^(?:import \{[^}]*\}|export \*) from '([^']*)';$/gm,
        (line, from) => {
          const imported = path.relative(src, path.resolve(path.dirname(file), from));
          const isOfNumbers = NUMBERS.includes(imported.split(path.sep).join('/'));
          // Lines stay, for the maps.
          return isOfNumbers ? line.replace(/.+/g, '') : line;
        },
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** What is loaded on demand is in chunks of its own. */
const chunksBeside = (chunks) => ({
  name: 'chunks beside',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: imported, resolveDir }) => {
      const file = sourceAt(resolveDir, imported);
      return chunks.has(file) ? { path: `./${chunkOf(file)}.js`, external: true } : undefined;
    });
  },
});

/** What chunks that are loaded on demand import from that of the library. */
const ofLibrary = (isOnDemand, needed) => ({
  name: 'of library',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: imported, resolveDir }) => {
      const file = sourceAt(resolveDir, imported);
      return isOnDemand(file)
        ? undefined
        : { path: file, namespace: 'library', sideEffects: false };
    });
    build.onLoad({ filter: /./, namespace: 'library' }, ({ path: file }) => {
      const renamed = needed.get(file).map((name) => `${among(file, name)} as ${name}`);
      return { contents: `export { ${renamed.join(', ')} } from './${LIBRARY}.js';` };
    });
    build.onResolve({ filter: /./, namespace: 'library' }, ({ path: chunk }) => ({
      path: chunk,
      external: true,
    }));
  },
});

/** The path of an imported source, from src. */
function sourceAt(folder, imported) {
  return path.relative(src, path.join(folder, imported)).split(path.sep).join('/');
}

/** Programs import the doors that lie beside them. */
const doorsBeside = {
  name: 'doors beside',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: imported, resolveDir }) => {
      const file = sourceAt(resolveDir, imported);
      return isDoor(file) ? { path: `./${file.replace(/ts$/, 'js')}`, external: true } : undefined;
    });
  },
};

await bundle();
await declare(dist, DOORS, numbers);
