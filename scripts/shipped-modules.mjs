// Makes Node load the shipped code in place of a source that is imported by path; see
// scripts/bundle.mjs.
import { readFile } from 'node:fs/promises';

const root = new URL('../', import.meta.url).href;

export function resolve(specifier, context, next) {
  if (!/^(?:file|\.\.?\/)/.test(specifier)) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  const shipped = href.startsWith(`${root}src/`)
    ? `${root}dist-src/${href.slice(`${root}src/`.length).replace(/\.ts$/, '.js')}`
    : specifier;
  return next(shipped, context);
}

/** Shipped code is loaded with its source map, and otherwise unchanged: tsx would change `import()`. */
export async function load(url, context, next) {
  if (!url.startsWith(`${root}dist/`) || !url.endsWith('.js')) return next(url, context);
  return { format: 'module', source: await withMap(url), shortCircuit: true };
}

async function withMap(url) {
  const code = await readFile(new URL(url), 'utf8');
  return `${code}//# sourceMappingURL=${url.slice(url.lastIndexOf('/') + 1)}.map\n`;
}
