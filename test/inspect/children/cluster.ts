// cluster.ts PATH: a worker process of a cluster listens at a path, for test/inspect/listen.test.ts.
import cluster from 'node:cluster';
import * as asyncio from '../../../src/index.ts';

if (cluster.isPrimary) {
  process.umask(0);
  const worker = cluster.fork();
  process.once('SIGTERM', () => worker.kill());
} else
  await asyncio.run(async () => {
    await asyncio.inspect.listen(process.argv[2] as string);
    console.log(`${process.pid} is listening`);
    await asyncio.sleep(1000);
  });
