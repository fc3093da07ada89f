// Runs a program of this project in the process that npm started.
//
// A wrapper that waits for a child would have to hand on signals and statuses; here there is none.
// One thing is put right: at Ctrl-C the terminal sends SIGINT to npm and to us, and then npm sends
// us another. To a program that ends at once on the second, one Ctrl-C would look like two.
import { pathToFileURL } from 'node:url';

/** How soon after the first a SIGINT is npm's copy of it, in milliseconds: no finger is so fast. */
const ECHO_MS = 100;

/** Imports `file` as `node file ...args` would run it; one in TypeScript by shipped.mjs. */
export async function runHere(file, args = []) {
  process.argv = [process.execPath, file, ...args];
  if (file.endsWith('.ts')) {
    await import('./shipped.mjs');
    // For the children that the program may fork.
    process.execArgv.push('--import', import.meta.resolve('./shipped.mjs'));
  }
  if (process.env.npm_lifecycle_event) ignoreEchoedInterrupts();
  await import(pathToFileURL(file).href);
}

function ignoreEchoedInterrupts() {
  const { emit } = process;
  const ignore = () => undefined;
  let echoing = false;
  process.emit = function (event, ...args) {
    if (event === 'SIGINT') {
      if (echoing) return true;
      echoing = true;
      process.on('SIGINT', ignore); // the program may listen no more after the first
      setTimeout(() => {
        echoing = false;
        process.off('SIGINT', ignore);
      }, ECHO_MS).unref();
    }
    return Reflect.apply(emit, this, [event, ...args]);
  };
}
