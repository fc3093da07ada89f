import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { connectTo } from '../../src/cli/process/connect.ts';
import { snapshotsOf } from '../../src/cli/process/target.ts';
import * as asyncio from '../../src/index.ts';
import { freshPath } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const REAL = { clock: 'real' } as const;

loopBehaviour('inspect.listen', (it) => {
  it(
    'answers until it is closed',
    async () => {
      const path = freshPath();
      const listener = await asyncio.inspect.listen(path);
      const target = await connectTo(path);
      for (let times = 0; times < 2; times += 1) {
        const [snapshot] = await snapshotsOf(target);
        const names = snapshot?.loops.flatMap(({ tasks }) =>
          tasks.map(({ coroutine }) => coroutine.name),
        );
        assert.ok((names?.length ?? 0) > 0);
      }
      await target.close();
      listener.close();
      assert.not(existsSync(path));
      await rejects(connectTo(path), Error, { message: /no program listens at/ });
    },
    REAL,
  );

  it(
    'replaces what a process has left, and leaves one alone that listens',
    async () => {
      const path = freshPath();
      const other = createServer().listen(path);
      await asyncio.fromEvent(other, 'listening');
      await rejects(asyncio.inspect.listen(path), asyncio.OSError, { code: 'EADDRINUSE' });
      const client = connect(path);
      await asyncio.fromEvent(client, 'connect');
      client.destroy();
      other.close();
    },
    REAL,
  );

  it(
    'refuses what is no path',
    async () => {
      await rejects(asyncio.inspect.listen(5 as never), TypeError, {
        message: 'path must be a string, got 5',
      });
    },
    REAL,
  );
});
