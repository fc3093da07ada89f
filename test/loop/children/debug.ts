/** Says whether a fresh loop is in debug mode. */
import { newEventLoop } from '../../../src/index.ts';

console.log(`${newEventLoop().getDebug()}`);
