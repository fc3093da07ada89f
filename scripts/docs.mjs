// npm run docs [-- --serve]: builds the site from the pages of the project and the docstrings, into
// site/.vitepress/dist. With --serve, shows it on 127.0.0.1 until Ctrl-C.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { linksOf } from './pages.mjs';
import { ensureInstalled, root, run } from './ready.mjs';

const site = path.join(root, 'site');
/** The input of VitePress. */
const pages = path.join(site, 'pages');
const LANGUAGES = { '.ts': 'ts', '.mjs': 'js', '.py': 'python', '.c': 'c', '.txt': 'text' };

ensureInstalled();
if (!existsSync(path.join(site, 'node_modules'))) run(['npm', 'ci', '--prefix', site]);
rmSync(pages, { recursive: true, force: true });
mkdirSync(pages);

/** The path of each page on the site, by the path of its file in the project. */
const places = new Map([
  ...folder('docs').map((file) => [
    file,
    file.slice('docs/'.length).replace('README.md', 'index.md'),
  ]),
  ['site/index.md', 'index.md'],
  ['README.md', 'overview.md'],
  ['examples/README.md', 'examples.md'],
  ['bench/README.md', 'bench.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['CHANGELOG.md', 'changelog.md'],
]);
for (const [file, place] of [...places]) copy(file, place);
api();
run([process.execPath, vitepress(), 'build', site]);
if (process.argv.includes('--serve'))
  run([process.execPath, vitepress(), 'preview', site, '--host', '127.0.0.1', '--port', '4173']);

function copy(file, place) {
  const to = path.join(pages, place);
  mkdirSync(path.dirname(to), { recursive: true });
  if (!file.endsWith('.md')) cpSync(path.join(root, file), to);
  else writeFileSync(to, forSite(readFileSync(path.join(root, file), 'utf8'), file, place));
}

/** The text of a page, with links adapted to the site. */
function forSite(text, file, place) {
  const links = new Set(linksOf(text).filter((link) => !/^(?:[a-z]+:|#|\/)/.test(link)));
  let changed = text;
  for (const link of links) {
    const [name, anchor] = link.split('#');
    const target = path.join(path.dirname(file), name).replace(/\/$/, '');
    const found = path.relative(path.dirname(place), placeOf(target));
    const written = `${found.startsWith('.') ? '' : './'}${found}${anchor ? `#${anchor}` : ''}`;
    changed = changed.replaceAll(`](${link})`, `](${written})`);
  }
  return changed;
}

/** Where a file or folder of the project is on the site; it gets a page if it has none. */
function placeOf(target) {
  const known = places.get(target) ?? places.get(`${target}/README.md`);
  if (known !== undefined) return known;
  const place = `source/${target}.md`;
  places.set(target, place);
  const isFolder = statSync(path.join(root, target)).isDirectory();
  const body = isFolder ? listOf(target, place) : sourceOf(target);
  const to = path.join(pages, place);
  mkdirSync(path.dirname(to), { recursive: true });
  writeFileSync(to, `# ${target}\n\n${body}\n`);
  return place;
}

function listOf(target, place) {
  return folder(target)
    .map((file) => `- [${file}](./${path.relative(path.dirname(place), placeOf(file))})`)
    .join('\n');
}

function sourceOf(file) {
  const text = readFileSync(path.join(root, file), 'utf8').trimEnd();
  return `\`\`\`\`${LANGUAGES[path.extname(file)] ?? 'text'}\n${text}\n\`\`\`\``;
}

/** The files of a folder, by their paths in the project. */
function folder(name) {
  return readdirSync(path.join(root, name), { recursive: true })
    .map((file) => path.join(name, file))
    .filter((file) => statSync(path.join(root, file)).isFile())
    .sort();
}

/** The reference, from the docstrings. */
function api() {
  const typedoc = path.join(root, 'node_modules', 'typedoc', 'bin', 'typedoc');
  run([process.execPath, typedoc, '--options', path.join(site, 'typedoc.json')]);
}

function vitepress() {
  return path.join(site, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
}
