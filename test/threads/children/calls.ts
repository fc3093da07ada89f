/** Prints what a thread returns. */
import * as asyncio from '../../../src/index.ts';

console.log(await asyncio.run(asyncio.toThread((a: number, b: number) => a + b, 40, 2)));
