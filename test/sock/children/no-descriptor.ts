/**
 * Makes its first socket when no descriptor is left, and another one when some are; says what came
 * of it. Argument: the driver that it asks for.
 */
import { closeSync, openSync } from 'node:fs';
import * as socket from '../../../src/socket.ts';

const driver = process.argv[2] as socket.DriverName | undefined;
const type = process.argv[3] === 'datagrams' ? socket.SOCK_DGRAM : socket.SOCK_STREAM;
process.on('warning', ({ message }) => console.log(`warning: ${message}`));

function attempt(): void {
  try {
    using made = socket.socket(socket.AF_INET, type, 0, { driver });
    made.bind(['127.0.0.1', 0]);
    console.log(made.driver);
  } catch (error) {
    console.log(String(error));
  }
}

const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // None is left.
}
attempt();
attempt();
for (const fd of taken) closeSync(fd);
attempt();
