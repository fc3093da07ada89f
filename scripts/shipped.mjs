// node --import ./scripts/shipped.mjs PROGRAM: runs TypeScript. Sources that the program imports by
// path are replaced by the shipped code.
import { register } from 'node:module';

await import('tsx');
register('./shipped-modules.mjs', import.meta.url);
