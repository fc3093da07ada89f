/** Three nodes in this process, each with its own port, and a client. */
import * as asyncio from 'asyncio-ts';
import { Client } from './client.ts';
import { type Disk, Node } from './node.ts';

const NODES = ['127.0.0.1:7101', '127.0.0.1:7102', '127.0.0.1:7103'];

await asyncio.run(async () => {
  const nodes = NODES.map((address) => {
    // In a real program, save() would write to a file.
    const disk: Disk = { term: 0, votedFor: undefined, log: [], save() {} };
    const peers = NODES.filter((other) => other !== address);
    return asyncio.createTask(() => new Node({ address, peers, disk }).run());
  });
  const client = new Client(NODES);
  await client.put('color', 'blue');
  console.log('put color blue');
  console.log(`get color → ${await client.get('color')}`);
  console.log(`swap blue → green: ${await client.swap('color', 'blue', 'green')}`);
  client.close();
  for (const node of nodes) node.cancel();
  await asyncio.gather(...nodes, { returnExceptions: true });
});
