// What must not compile. messages.slow.test.ts looks at what the compiler says of each line.
import * as asyncio from '../../../src/index.ts';

const f = async (): Promise<number> => 1;
const g = asyncio.coroutine(f);

asyncio.createTask(f());
asyncio.createTask<number>(f());
await asyncio.taskGroup((group) => void group.createTask(f()));
asyncio.createTask(asyncio.gather(g()));
asyncio.createTask(new asyncio.Future<number>());
asyncio.createTask(asyncio.createTask(g()));
asyncio.gather([g(), g()]);
asyncio.gather([g(), g()], { returnExceptions: true });
asyncio.gather(g(), { returnException: true });
asyncio.startServer(() => {}, { host: '127.0.0.1', port: 0 });
asyncio.createTask(g());
asyncio.createTask(f);
asyncio.createTask(asyncio.sleep(1));
asyncio.gather(...[g(), g()]);
