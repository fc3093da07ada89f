// Opens the inspector of a process and is killed; for test/inspect/watchdog.slow.test.ts.
import { attach } from '../../../src/cli/attach.ts';

await attach(Number(process.argv[2]));
process.kill(process.pid, 'SIGKILL');
