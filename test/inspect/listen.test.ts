import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { connectTo } from '../../src/cli/process/connect.ts';
import { snapshotsOf } from '../../src/cli/process/target.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { freshPath, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { Program } from '../support/program.ts';
import { rejects } from '../support/rejects.ts';

const REAL = { clock: 'real' } as const;

/** A socket that is bound to a path; when it is closed, the path stays. */
function bound(path: string): socket.Socket {
  const sock = stream('posix', socket.AF_UNIX);
  sock.bind(path);
  return sock;
}

/** Listening at a path fails, because something is there. */
async function isTaken(path: string): Promise<void> {
  await rejects(asyncio.inspect.listen(path), asyncio.OSError, {
    code: 'EADDRINUSE',
    message: `[Errno 98] Address '${path}' is already in use`,
  });
}

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
    'replaces a socket that an exited process left behind',
    async () => {
      const path = freshPath();
      bound(path).close();
      const listener = await asyncio.inspect.listen(path);
      await (await connectTo(path)).close();
      listener.close();
    },
    REAL,
  );

  it(
    'leaves a socket untouched if a process listens on it',
    async () => {
      const path = freshPath();
      const other = createServer().listen(path);
      await asyncio.fromEvent(other, 'listening');
      await isTaken(path);
      const client = connect(path);
      await asyncio.fromEvent(client, 'connect');
      client.destroy();
      other.close();
    },
    REAL,
  );

  it(
    'leaves a socket untouched if its process is not accepting at the moment',
    async () => {
      const path = freshPath();
      const sock = bound(path);
      sock.listen(0);
      const client = connect(path);
      await asyncio.fromEvent(client, 'connect');
      await isTaken(path);
      assert.ok(existsSync(path));
      client.destroy();
      sock.close();
    },
    REAL,
  );

  it(
    'leaves a file or a link untouched',
    async () => {
      const [path, link] = [freshPath(), freshPath()];
      writeFileSync(path, 'text');
      await isTaken(path);
      assert.is(readFileSync(path, 'utf8'), 'text');
      const left = freshPath();
      bound(left).close();
      symlinkSync(left, link);
      await isTaken(link);
      assert.ok(existsSync(link));
    },
    REAL,
  );

  it(
    'treats a number as a name, not as a port',
    async () => {
      const listener = await asyncio.inspect.listen('54321');
      const isThere = existsSync('54321');
      listener.close();
      assert.ok(isThere);
      assert.is(listener.path, '54321');
    },
    REAL,
  );

  it(
    'belongs to its own process in a cluster, and only to its user',
    async () => {
      const path = freshPath();
      await using program = Program.typescript('test/inspect/children/cluster.ts', [path]);
      await program.shows(/listening/);
      assert.is(statSync(path).mode & 0o777, 0o600);
      const target = await connectTo(path);
      const [snapshot] = await snapshotsOf(target);
      await target.close();
      assert.is(program.stdout, `${snapshot?.process.pid} is listening\n`);
    },
    REAL,
  );

  it(
    'refuses a path that the system would truncate',
    async () => {
      const path = freshPath();
      await rejects(asyncio.inspect.listen(path.padEnd(200, 'x')), asyncio.OSError, {
        message: 'AF_UNIX path too long',
      });
      for (const cut of [`${path}\0x`, `\0${path}`])
        await rejects(asyncio.inspect.listen(cut), asyncio.OSError, {
          message: 'AF_UNIX path contains a NUL byte',
        });
    },
    REAL,
  );

  it(
    'refuses anything but a path',
    async () => {
      await rejects(asyncio.inspect.listen(5 as never), TypeError, {
        message: 'path must be a string, got 5',
      });
    },
    REAL,
  );
});
