import { readdirSync } from 'node:fs';
import { withMermaid } from 'vitepress-plugin-mermaid';
import { slugOf } from '../../scripts/pages.mjs';

const api = new URL('../pages/api/', import.meta.url);

const start = [
  { text: 'Overview', link: '/overview' },
  {
    text: 'Tutorial',
    link: '/tutorial/',
    items: [
      ['Tasks', '1-tasks'],
      ['Cancel', '2-cancel'],
      ['Timeouts', '3-timeouts'],
      ['Groups', '4-groups'],
      ['Queues', '5-queues'],
      ['A server', '6-server'],
      ['Shutdown', '7-shutdown'],
      ['Tests', '8-tests'],
    ].map(([text, name]) => ({ text, link: `/tutorial/${name}` })),
  },
];
const guides = [
  ['Coming from Python', '/guides/from-python'],
  ['Coming from promises', '/guides/from-promises'],
  ['Cancellation', '/guides/cancellation'],
  ['Concurrency limits', '/limits'],
  ['Waiting until a task is ready', '/start'],
  ['Channels', '/channels'],
  ['Retries', '/guides/retries'],
  ['Web frameworks', '/guides/web-frameworks'],
  ['Containers', '/guides/containers'],
  ['Sockets and processes', '/guides/sockets-and-processes'],
  ['Threads', '/guides/threads'],
  ['Testing', '/guides/testing'],
  ['Simulation', '/simulation'],
  ['Bundling', '/guides/bundling'],
  ['Looking into a running program', '/seeing'],
  ['Logging', '/logging'],
  ['Never-retrieved exceptions', '/never-retrieved'],
];
const book = [
  ['About these pages', '/book/'],
  ['Sockets and tasks', '/book/sockets'],
  ['Servers', '/book/servers'],
  ['Handlers', '/book/handlers'],
  ['Servers and blocks', '/book/blocks'],
  ['Protocols', '/book/protocols'],
];
const reference = [
  ['Names', '/names'],
  ['Runtimes', '/runtimes'],
  ['Differences from asyncio', '/differences'],
  ['Conformance', '/conformance'],
  ['Examples', '/examples'],
  ['Benchmarks', '/bench'],
  ['Changes', '/changelog'],
];
const maintainers = [
  ['Contributing', '/contributing'],
  ['Design', '/design'],
  ['States', '/states'],
];

const asItems = (entries) => entries.map(([text, link]) => ({ text, link }));

// biome-ignore lint/style/noDefaultExport: VitePress requires it.
export default withMermaid({
  title: 'asyncio-ts',
  description: "Python's asyncio for TypeScript on Node",
  // Mermaid measures labels without the line height of the pages.
  head: [['style', {}, '.mermaid p { line-height: 1.4 !important; margin: 0 !important }']],
  srcDir: 'pages',
  cleanUrls: true,
  // A broken link fails the build.
  ignoreDeadLinks: false,
  markdown: { anchor: { slugify: slugOf }, html: true },
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Tutorial', link: '/tutorial/' },
      { text: 'Guides', link: '/guides/' },
      { text: 'Reference', link: '/api/' },
    ],
    sidebar: {
      '/api/': [{ text: 'Reference', link: '/api/', items: apiItems('') }],
      '/': [
        { text: 'Start', items: start },
        { text: 'Guides', items: asItems(guides) },
        { text: 'Five articles in Python and TypeScript', items: asItems(book), collapsed: true },
        { text: 'Reference', items: [{ text: 'API', link: '/api/' }, ...asItems(reference)] },
        { text: 'For maintainers', items: asItems(maintainers), collapsed: true },
      ],
    },
  },
});

/** The pages of the reference, as a tree. */
function apiItems(folder) {
  return readdirSync(new URL(folder, api), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}${entry.name}`;
    if (entry.isDirectory())
      return { text: entry.name, collapsed: true, items: apiItems(`${name}/`) };
    const page = name.replace(/\.md$/, '');
    return page.endsWith('index')
      ? []
      : { text: entry.name.replace(/\.md$/, ''), link: `/api/${page}` };
  });
}
