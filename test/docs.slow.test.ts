import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { Program, root } from './support/program.ts';

const built = path.join(root, 'site', '.vitepress', 'dist');

/** The links to headings that are not there. VitePress follows links to pages only. */
function deadAnchors(): string[] {
  const names = readdirSync(built, { recursive: true }).map(String);
  const pages = new Map(
    names
      .filter((name) => name.endsWith('.html'))
      .map((name) => [`/${name}`, readFileSync(path.join(built, name), 'utf8')]),
  );
  return [...pages].flatMap(([page, text]) =>
    [...text.matchAll(/ href="([^":]*#[^"]+)"/g)]
      .map(([, href = '']) => href)
      .filter((href) => {
        const { pathname, hash } = new URL(href, `http://site${page}`);
        const file = pathname.replace(/\/$/, '/index').replace(/(\.html)?$/, '.html');
        return !pages.get(file)?.includes(` id="${decodeURIComponent(hash.slice(1))}"`);
      })
      .map((href) => `${page}: ${href}`),
  );
}

behaviour('npm run docs', (it) => {
  it(
    'builds the site, without a link that leads nowhere',
    async () => {
      // VitePress ends with an error when a link has no page.
      await using docs = Program.node('scripts/docs.mjs');
      assert.equal(await docs.ends(550), { status: 0, signal: null }, docs.stdout + docs.stderr);
      const page = (name: string): string => readFileSync(path.join(built, `${name}.html`), 'utf8');
      assert.match(page('index'), /Python's asyncio for TypeScript on Node/);
      assert.match(page('tutorial/1-tasks'), /One after the other/);
      assert.match(page('api/asyncio-ts/functions/toThread'), /<code>TypeError<\/code> when/);
      assert.match(
        page('api/asyncio-ts/functions/toThread'),
        /href="\/differences#calls-in-threads/,
      );
      assert.equal(deadAnchors(), []);
    },
    { seconds: 600 },
  );
});
