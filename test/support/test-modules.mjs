// Has Node run, for a module in TypeScript, what scripts/plain.mjs has made of it, under the module's own URL:
// tests find files beside them.
import { readFile } from 'node:fs/promises';
import * as shipped from '../../scripts/shipped-modules.mjs';

const root = new URL('../../', import.meta.url).href;
const MAP = /(?<=^\/\/# sourceMappingURL=)(?=[^/]+$)/m;

export function resolve(specifier, context, next) {
  if (!/^(?:file|\.\.?\/)/.test(specifier)) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  return next(href.startsWith(root) ? root + source(href.slice(root.length)) : href, context);
}

/** The path of a source, which JavaScript that was made imports by where it was put; or of the shipped code. */
function source(file) {
  if (file.startsWith('src/')) return `dist-${file.replace(/\.ts$/, '.js')}`;
  if (/^dist(?:-src)?\/|^node_modules\/|\.[cm]js$/.test(file)) return file;
  return file.replace(/^dist-/, '').replace(/\.js$/, '.ts');
}

export async function load(url, context, next) {
  if (!url.startsWith(root) || !url.endsWith('.ts')) return shipped.load(url, context, next);
  const file = url.slice(root.length);
  const made = `dist-${file.replace(/\.ts$/, '.js')}`;
  const text = await readFile(new URL(made, root), 'utf8');
  const up = '../'.repeat(file.split('/').length - 1);
  const folder = made.slice(0, made.lastIndexOf('/') + 1);
  return { format: 'module', source: text.replace(MAP, up + folder), shortCircuit: true };
}
