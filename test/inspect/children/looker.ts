// looker.ts PID SIGNAL: opens the inspector of a process, and sends itself a signal.
import { attach } from '../../../src/cli/process/attach.ts';

const [pid, signal] = process.argv.slice(2);
await attach(Number(pid));
process.kill(process.pid, signal);
