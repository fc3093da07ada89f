// Which sources go into which file of the package, and what these files import from each other.
import { createHash } from 'node:crypto';
import path from 'node:path';
import esbuild from 'esbuild';
import { isOfPrograms, root, sourceText, src } from './sources.mjs';

/** What users import. */
export const DOORS = ['index', 'socket', 'subprocess', 'testing'];
/** The programs that come with the library: they import the entry points next to them. */
const PROGRAMS = { 'cli.ts': 'cli', 'echo/worker-program.ts': 'echo-worker' };
/** The file that contains nearly all of the library; the programs share another one. */
const LIBRARY = hashed('library');
/** To start fast, this does not load the library: sources that both need are in a separate file. */
const FAST = 'cli/look.ts';
const BASICS = hashed('basics');
const SHARED = 'echo';

export function isDoor(file) {
  return DOORS.includes(file.slice(0, -'.ts'.length));
}

export function isProgram(file) {
  return Object.hasOwn(PROGRAMS, file);
}

/**
 * The files of the package: the names of their chunks, each with its sources, and the source that is loaded
 * by name, if any. Every source is in one chunk only.
 *
 * @param asked - names that others import too, by source
 */
export async function planChunks(asked) {
  const graph = await importsOfSources();
  const library = new Set(DOORS.flatMap((door) => [...reach(graph, [`${door}.ts`])]));
  const programs = Object.keys(PROGRAMS);
  const fast = reach(graph, [FAST]);
  const basics = [...fast].filter((file) => !isOfPrograms(file));
  const chunks = new Map([
    [LIBRARY, { files: [...library].filter((file) => !fast.has(file)).sort() }],
    [BASICS, { files: basics.sort() }],
  ]);
  addParts(onDemand(library), new Set([...library, ...basics]));
  // What the library loads on demand is in separate chunks.
  const known = new Set([...chunks.values()].flatMap(({ files }) => files));
  addParts([...programs, ...onDemand(reach(graph, programs, library))], known);
  refuseNamesLost(graph, chunks);
  return chunks;

  /** What sources load on demand, what that loads, and so on. */
  function onDemand(files) {
    const found = new Set();
    for (let left = [...files]; left.length > 0; ) {
      const more = left
        .flatMap((file) => graph.get(file).dynamic)
        .filter((file) => !found.has(file));
      for (const file of more) found.add(file);
      left = [...reach(graph, more, library)];
    }
    return found;
  }

  /** Sources that several of the entries need go into a shared chunk. */
  function addParts(entries, above) {
    const users = new Map();
    for (const entry of new Set(entries))
      for (const file of reach(graph, [entry], above))
        users.set(file, [...(users.get(file) ?? []), entry]);
    for (const [file, [user, ...others]] of [...users].sort(([a], [b]) => (a < b ? -1 : 1))) {
      // A program runs when it is imported, so nothing can import from it.
      const isShared =
        others.length > 0 || (isProgram(user) && !isProgram(file) && asked.get(file).length > 0);
      const name = isShared ? sharedBy(user, file) : (PROGRAMS[user] ?? hashed(user));
      const chunk = chunks.get(name) ?? { entry: isShared ? undefined : user, files: [] };
      chunk.files.push(file);
      chunks.set(name, chunk);
    }
  }

  function sharedBy(user, file) {
    if (fast.has(file)) return BASICS;
    return isOfPrograms(user) ? SHARED : LIBRARY;
  }
}

/**
 * Throws if an `import()` would resolve to a chunk shared by several sources, which exports none of their
 * names unchanged.
 */
export function refuseNamesLost(graph, chunks) {
  const homes = new Map();
  for (const chunk of chunks.values()) for (const file of chunk.files) homes.set(file, chunk);
  for (const [importer, { dynamic }] of graph)
    for (const file of dynamic) {
      const home = homes.get(file);
      if (home === homes.get(importer) || home.entry === file || isDoor(file)) continue;
      const others = [...graph].filter(([, { atOnce }]) => atOnce.includes(file));
      throw new Error(
        `${importer} imports ${file} on demand, but ${others.map(([name]) => name).join(', ')} import it ` +
          `at once: import('./${path.posix.basename(file)}') would have none of its names. Move what ` +
          'is needed on demand into a source of its own',
      );
    }
}

/** What a source imports from sources in other chunks: the values, each with the source that exports it. */
export function importsOf(file) {
  const statements = /^(?:import|export) (?!type\b)(?:\{([^}]*)\}|\* as \w+) from '(\.[^']*)';$/gm;
  return Array.from(sourceText(file).matchAll(statements), ([, list, imported]) => ({
    names: list === undefined ? undefined : namesIn(list),
    file: path.posix.join(path.posix.dirname(file), imported),
  }));
}

/** The values in a list of imports. */
export function namesIn(list) {
  const names = list.split(',').map((name) => name.trim().split(' as ')[0]);
  return names.filter((name) => name !== '' && !name.startsWith('type '));
}

/** For each source, the sources that it imports. */
async function importsOfSources() {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [...DOORS.map((door) => `${door}.ts`), ...Object.keys(PROGRAMS)].map((file) =>
      path.join(src, file),
    ),
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['koffi'],
    splitting: true,
    outdir: 'out',
    metafile: true,
    write: false,
  });
  const fromSrc = (input) => input.slice('src/'.length);
  const imports = ({ imports }, kind) =>
    imports
      .filter((each) => each.kind === kind && !each.external)
      .map((each) => fromSrc(each.path));
  return new Map(
    Object.entries(metafile.inputs).map(([input, found]) => [
      fromSrc(input),
      { atOnce: imports(found, 'import-statement'), dynamic: imports(found, 'dynamic-import') },
    ]),
  );
}

/** The sources that are loaded together with some others; not those loaded by `above`. */
function reach(graph, files, above = new Set(), reached = new Set()) {
  for (const file of files)
    if (!above.has(file) && !reached.has(file)) {
      reached.add(file);
      reach(graph, graph.get(file).atOnce, above, reached);
    }
  return reached;
}

/** src/base/stacks/user-frames.ts recognizes the library's own frames by these names. */
function hashed(source) {
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  return isOfPrograms(source) ? `echo-${hash.toUpperCase()}` : `asyncio-ts-${hash.toUpperCase()}`;
}
