// Has a door of the package load what it stands on from the floor up, a few files at a time.
//
// Node 20 opens all files that a module imports before it reads the first: at a low limit of descriptors
// (`ulimit -n 64`) a program could not even import the library. So what a door is goes to the end of a
// chain, `doors/NAME-0.js`, `doors/NAME-1.js`, …: each link imports some files, and then the next link.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Files that a link imports; about twice as many descriptors are open at a time. */
const FILES = 16;

const IMPORT = /^((?:import|export) (?:[^;'"]*? from )?["'])(\.[^"']*)(?=["'])/gm;

/** Makes the chain of a door in a folder of compiled files. */
export function chain(folder, name) {
  const door = path.join(folder, `${name}.js`);
  const files = standsOn(door);
  const links = Array.from({ length: Math.ceil(files.length / FILES) }, (_, n) =>
    files.slice(n * FILES, (n + 1) * FILES),
  );
  const doors = path.join(folder, 'doors');
  mkdirSync(doors, { recursive: true });
  for (const [n, link] of links.entries()) {
    const next = n + 1 < links.length ? `${name}-${n + 1}.js` : `${name}.js`;
    const lines = link.map((file) => `import '${path.posix.relative(doors, file)}';`);
    writeFileSync(
      path.join(doors, `${name}-${n}.js`),
      [...lines, `export * from './${next}';\n`].join('\n'),
    );
  }
  const text = readFileSync(door, 'utf8')
    .replace(IMPORT, (_, before, to) => `${before}${path.posix.join('..', to)}`)
    .replace('//# sourceMappingURL=', '//# sourceMappingURL=../');
  writeFileSync(path.join(doors, `${name}.js`), text);
  writeFileSync(door, `export * from './doors/${name}-0.js';\n`);
}

/** All files that one imports, each after those that it imports itself. */
function standsOn(file, found = new Set()) {
  for (const [, , to] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const imported = path.join(path.dirname(file), to);
    if (found.has(imported)) continue;
    standsOn(imported, found);
    found.add(imported);
  }
  return [...found];
}
