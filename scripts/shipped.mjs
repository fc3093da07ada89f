// node --import ./scripts/shipped.mjs PROGRAM: runs TypeScript, and where a program imports a source by its path,
// what is shipped.
import { register } from 'node:module';

await import('tsx');
register('./shipped-modules.mjs', import.meta.url);
