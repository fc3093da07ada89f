// npm run example [NAME] [ARGUMENT...], and demo, bench, soak, conformance, book and names: programs in
// TypeScript that import asyncio-ts as a user would.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runHere } from './here.mjs';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

const programs = {
  demo: 'examples/demo.ts',
  bench: 'bench/main.ts',
  soak: 'test/soak/main.ts',
  conformance: 'scripts/conformance.ts',
  book: 'scripts/book.ts',
  names: 'scripts/names.ts',
};
const examples = path.join(root, 'examples');

const [what, ...args] = process.argv.slice(2);
if (what === 'example') {
  const [name, ...rest] = args;
  const file = path.join(examples, `${name}.ts`);
  if (name === undefined) list();
  else if (!existsSync(file)) refuse(`there is no example ${name}; npm run example lists them`);
  else await start(file, rest);
} else {
  await start(path.join(root, programs[what]), args);
}

async function start(file, args) {
  if (!existsSync(file)) return refuse(`there is no ${path.relative(root, file)}`);
  ensureInstalled();
  ensureBuilt();
  await runHere(file, args);
}

function list() {
  const names = existsSync(examples)
    ? readdirSync(examples, { recursive: true })
        .filter((file) => file.endsWith('.ts') && isProgram(file))
        .map((file) => file.slice(0, -'.ts'.length).split(path.sep).join('/'))
        .sort()
    : [];
  const width = Math.max(0, ...names.map((name) => name.length));
  for (const name of names) console.log(`${name.padEnd(width)}  ${about(name)}`.trimEnd());
}

/** Is it a program, not part of another example? Parts have exports. */
function isProgram(file) {
  return !/^export /m.test(readFileSync(path.join(examples, file), 'utf8'));
}

/** The first line of the comment at the top of an example. */
function about(name) {
  const source = readFileSync(path.join(examples, `${name}.ts`), 'utf8').replace(/^#!.*\n/, '');
  const [, line] = /^\s*(?:\/\/|\/\*\*?)[\s*]*(.*?)\s*(?:\*\/)?$/m.exec(source) ?? [];
  return line ?? '';
}

function refuse(why) {
  console.error(why);
  process.exitCode = 2;
}
