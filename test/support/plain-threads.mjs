// Loaded in the threads that tests start: where a module is in TypeScript, what was made of it runs.
import { register } from 'node:module';

process.setSourceMapsEnabled(true);
register('./plain-modules.mjs', import.meta.url);
