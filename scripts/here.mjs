// Runs a program of this project in the process that npm started.
//
// A wrapper that waits for a child process would have to pass on signals and statuses. One problem
// remains: on Ctrl-C the terminal sends SIGINT to npm and to this process, and then npm
// sends another one. A program that ends immediately on the second SIGINT would mistake one Ctrl-C for
// two.
import { pathToFileURL } from 'node:url';

/**
 * How soon after the first a SIGINT counts as npm's copy, in milliseconds: users are slower.
 */
const ECHO_MS = 100;

/** Imports `file` like `node file ...args`; TypeScript through shipped.mjs. */
export async function runHere(file, args = []) {
  process.argv = [process.execPath, file, ...args];
  if (file.endsWith('.ts')) {
    await import('./shipped.mjs');
    // For child processes that the program may fork.
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
      process.on('SIGINT', ignore); // the program may stop listening after the first
      setTimeout(() => {
        echoing = false;
        process.off('SIGINT', ignore);
      }, ECHO_MS).unref();
    }
    return Reflect.apply(emit, this, [event, ...args]);
  };
}
