/**
 * Runs the parity programs whose names are given, one after another, in this one process: a
 * process each would take longer to start than to run.
 */
import { extname } from 'node:path';
import { flush } from '../support/print.ts';

for (const name of process.argv.slice(2)) {
  console.log(`== ${name}`);
  await import(new URL(`${name}${extname(import.meta.url)}`, import.meta.url).href);
  flush();
}
