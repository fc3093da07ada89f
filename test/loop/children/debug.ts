/** Says whether a fresh loop is in debug mode. */
import { newEventLoop } from '../../../src/index.ts';

const loop = newEventLoop();
console.log(`${loop.getDebug()}`);
loop.close();
