// looker.ts PID [SIGNAL]: opens the inspector of a process, and sends itself a signal. Without one, it takes a snapshot
// when its input has ended, and says what became of it.
import { once } from 'node:events';
import { attach } from '../../../src/cli/process/attach.ts';
import { snapshotsOf } from '../../../src/cli/process/target.ts';

const [pid, signal] = process.argv.slice(2);
const target = await attach(Number(pid));
if (signal !== undefined) process.kill(process.pid, signal);
console.log('attached');
await once(process.stdin.resume(), 'end');
const outcome = await snapshotsOf(target).then(
  (snapshots) => `${snapshots.length} threads`,
  (error: unknown) => String(error),
);
await target.close();
console.log(outcome);
process.exit();
