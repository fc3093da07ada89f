/** Prints a global variable of a thread, which only a preloaded module can have made. */
import * as asyncio from '../../../src/index.ts';

const there = (): unknown => (globalThis as { there?: unknown }).there;

console.log(await asyncio.run(asyncio.toThread(there)));
