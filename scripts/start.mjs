// npm start: the echo server. It gets the arguments: npm start -- --port 9000
import path from 'node:path';
import { runHere } from './here.mjs';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

ensureInstalled();
ensureBuilt();
await runHere(path.join(root, 'dist', 'cli.js'), ['echo', ...process.argv.slice(2)]);
