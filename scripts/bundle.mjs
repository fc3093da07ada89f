// node scripts/bundle.mjs DIST DOORS: makes of src the few files that are shipped, in DIST.
//
// Tests run on the very same files. They import sources by their paths, and what they are given is in
// DOORS: for each source a file that has its names from the shipped ones. What no user can import comes
// by way of DIST/internals.js, which is not shipped.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from 'terser';
import { hideInternal } from './hide-internal.mjs';
import { importedInternals } from './internals.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = path.join(root, 'src');

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
/** What the chunks are called: src/base/stacks/user-frames.ts knows our own frames by it. */
const CHUNK = 'asyncio-ts-[hash]';

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
/**
 * Functions and classes keep their names, which stacks and reports show; other variables get short ones.
 * Other syntax stays: a function that is an argument would lose its name.
 */
const SMALL = {
  compress: {
    defaults: false,
    booleans: true,
    conditionals: true,
    evaluate: true,
    if_return: true,
    join_vars: true,
  },
  // V8 keeps text beyond ASCII in two bytes a character.
  format: { ascii_only: true },
  keep_classnames: true,
  keep_fnames: true,
};

/** All names that sources declare: of a variable of the bundle that is none of them, a number was added. */
const declared = new Set(
  sources().flatMap((file) =>
    readFileSync(path.join(src, file), 'utf8').match(/\b[A-Za-z_$][\w$]*\b/g),
  ),
);

const [dist, doors] = process.argv.slice(2).map((folder) => path.resolve(folder));

async function bundle() {
  const names = await namesOfSources();
  narrowToImported(names);
  const isNoNumber = (name) => !Object.hasOwn(numbers, name);
  names.set('socket.ts', names.get('socket.ts').filter(isNoNumber));
  const files = [...names].filter(([file]) => !isOfPrograms(file));
  const threadProgram = await esbuild.build({
    ...COMMON,
    entryPoints: [path.join(src, 'threads', 'thread-program.ts')],
    plugins: [nodeModules((file) => !isOfPrograms(file))],
    format: 'iife',
    define: { 'import.meta.url': '""' },
  });
  const { code: threadText } = await small(threadProgram.outputFiles[0].text);
  const library = {
    ...COMMON,
    outdir: dist,
    splitting: true,
    sourcemap: 'inline',
    metafile: true,
    entryNames: CHUNK,
    chunkNames: CHUNK,
    define: { THREAD_PROGRAM: JSON.stringify(threadText), ...numbers },
    entryPoints: ['library'],
    plugins: [
      numbersInPlace,
      nodeModules((file) => !isOfPrograms(file)),
      textOf('library', exportsOf(files)),
    ],
  };
  const programs = {
    ...library,
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
  for (const options of [library, programs]) {
    const { outputFiles, metafile } = await esbuild.build(options);
    const texts = new Map(outputFiles.map(({ path: file, text }) => [file, text]));
    if (options === library) {
      const isLibrary = (file) => metafile.outputs[file].entryPoint === 'library:library';
      const name = path.basename(Object.keys(metafile.outputs).find(isLibrary));
      for (const [door, exported] of doorsOf(files))
        texts.set(path.join(dist, `${door}.js`), reexport(name, exported));
    }
    for (const [file, text] of withShortExports(texts))
      await write(file, text, options.keepNames ? (text) => text : withNames);
  }
  chmodSync(path.join(dist, 'cli.js'), 0o755);
  for (const [file, exported] of names) writeDoor(file, exported);
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
    const change = (_, list) => {
      const parts = list.split(',').map((part) => {
        const [local, name = local] = part.trim().split(' as ');
        names.set(name, `a${names.size.toString(36)}`);
        return `${local} as ${names.get(name)}`;
      });
      return `export { ${parts.join(', ')} };`;
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

async function write(file, bundled, named) {
  const name = path.basename(file);
  // Chunks have no effects but their names (`sideEffects` in package.json), so none is imported for effects.
  const needed = bundled.replace(/^import "\.\/asyncio-ts-\w+\.js";$/gm, '');
  const { code, map } = await small(named(needed), {
    module: true,
    sourceMap: { content: /^\/\/# source/m.test(bundled) && 'inline', filename: name },
  });
  mkdirSync(path.dirname(file), { recursive: true });
  const more = name === 'socket.js' ? `\nexport const ${definitions(numbers)};` : '';
  writeFileSync(file, `${code}${more}\n//# sourceMappingURL=${name}.map\n`);
  writeFileSync(`${file}.map`, map);
}

/** Makes code smaller. */
async function small(text, options) {
  // Terser would rename private methods, too, and classes that take their names from a variable.
  const methods = [...text.matchAll(/#(\w+)(?:\(.*\) \{| = .*=>)/g)].map(([, name]) => name);
  const isMethod = new RegExp(`#(?=(?:${methods.join('|')})\\b)`, 'g');
  const reserved = [...text.matchAll(/\b(\w+) = class\b/g)].map(([, variable]) => variable);
  const { code, map } = await minify(text.replace(isMethod, 'PRIVATE$$'), {
    ...SMALL,
    ...options,
    mangle: { reserved },
  });
  return { code: code.replaceAll('PRIVATE$', '#'), map: map && withoutVariables(map) };
}

/** Takes the fifth number of each mapping, a variable: Node would take that for the name of the function. */
function withoutVariables(map) {
  const { mappings, ...rest } = JSON.parse(map);
  const number = '[g-z\\d+/]*[A-Za-f]';
  const left = mappings.replace(new RegExp(`((?:${number}){4})${number}`, 'g'), '$1');
  return JSON.stringify({ ...rest, names: [], mappings: left });
}

/**
 * Gives functions and classes their names back. In one file with others, a second `run` has become `run2`,
 * and a class that mentions itself `var Task = class _Task`. (`keepNames` would wrap each function that is
 * made, in hot paths too.)
 */
function withNames(bundled) {
  const calls = [];
  const text = bundled
    .replace(/^var (\w+) = class(?: (\w+))?(?: extends [^\n]*?)? \{$/gm, (line, variable, own) => {
      const name = sourceName(variable);
      return (own ?? variable) === name ? line : `${line} static { ${naming('this', name)} }`;
    })
    .replace(/^([^\n]*?)\bfunction\*? (\w+)\(/gm, (line, before, name) => {
      if (sourceName(name) === name) return line;
      if (!/^(?:async )?$/.test(before)) throw new Error(`${name} is a name that none has given`);
      calls.push(naming(name, sourceName(name)));
      return line;
    });
  const end = text.lastIndexOf('\n//# sourceMappingURL=');
  return text.slice(0, end) + calls.join('') + text.slice(end);
}

function naming(what, name) {
  return `Object.defineProperty(${what}, "name", { value: "${name}", configurable: true });`;
}

/** What a variable of the bundle is called in its source. */
function sourceName(variable) {
  return declared.has(variable) ? variable : variable.replace(/\d+$/, '');
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
    Array.from(
      readFileSync(path.join(src, file), 'utf8').matchAll(/^export \* from '\.\/(.*)';$/gm),
      ([, other]) => path.posix.join(path.posix.dirname(file), other),
    );
  return new Map(
    files.map((file) => [file, [...exported(file), ...starred(file).flatMap(exported)]]),
  );
}

function sources() {
  return readdirSync(src, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
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

function isOfPrograms(file) {
  return file.startsWith('echo/') || file.startsWith('cli/') || file === 'cli.ts';
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
    .flatMap((file) => [...readFileSync(path.join(src, file), 'utf8').matchAll(imports)]);
  const names = lists.flatMap(([, list]) =>
    list.split(',').map((name) => name.trim().split(' as ')[0]),
  );
  return [...new Set(names.filter((name) => name !== '' && !name.startsWith('type ')))];
}

/** The numbers that sources have, by their names. */
function numbersOf(files) {
  const texts = files.map((file) => readFileSync(path.join(src, file), 'utf8')).join('\n');
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

/** Programs import the doors that lie beside them. */
const doorsBeside = {
  name: 'doors beside',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: imported, resolveDir }) => {
      const file = path.relative(src, path.join(resolveDir, imported));
      return isDoor(file) ? { path: `./${file.replace(/ts$/, 'js')}`, external: true } : undefined;
    });
  },
};

/** Declarations, one file a door, and what doors share in files of their own. */
async function declare() {
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
    input: Object.fromEntries(DOORS.map((door) => [door, path.join(types, `${door}.d.ts`)])),
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
  });
  await rolled.close();
  for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const file = path.join(dist, name);
    writeFileSync(file, smallDeclarations(readFileSync(file, 'utf8')));
  }
  rmSync(types, { recursive: true });
}

/** Declarations without what editors do not show, and with each name once. */
function smallDeclarations(declarations) {
  let text = declarations
    .replace(/^\s+/gm, '')
    // The names are Python's, and so are its pages.
    .replace(/\n\* @see [^\n]*(?:\n\* {3}[^\n]*)*/g, '')
    .replace(/\n\* @throws \{CancelledError\} when the waiting task is cancelled/g, '')
    // The types say so.
    .replace(/\n\* @throws \{TypeError\} [^\n]*(?:\n\* {3}[^\n]*)*/g, '')
    .replace(/\{@link (\S+)\}/g, '`$1`')
    .replace(/\n\*(?=\n\*\/)/g, '')
    .replace(/\/\*\*.*?\*\//gs, inOneLineEach);
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

/** A comment without line breaks in its sentences; lists and code stay as they are. */
function inOneLineEach(comment) {
  const isProse = !/```|^\* [-|]|^\* {3}/m.test(comment);
  return isProse
    ? comment.replace(/\n\* (?=[^\s@])/g, ' ').replace(/^\/\*\* {2}/, '/** ')
    : comment;
}

function declarationOf(name) {
  const kinds = 'declare (?:abstract )?(?:class|function|const|namespace)|interface|type';
  return new RegExp(`^(?:${kinds}) ${name}\\b`, 'gm');
}

await bundle();
await declare();
