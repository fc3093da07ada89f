// Tasks with so long names that their table does not fit into a pipe.
import * as asyncio from '../../../src/index.ts';

await asyncio.run(async () => {
  for (let at = 0; at < 300; at += 1)
    asyncio.createTask(() => asyncio.sleep(1000), { name: `task-${at} ${'x'.repeat(1000)}` });
  await asyncio.sleep(0);
  console.log('waiting');
  await asyncio.sleep(1000);
});
