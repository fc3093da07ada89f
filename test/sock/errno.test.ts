import * as assert from 'uvu/assert';
import { createTask, type Loop, sleep } from '../../src/index.ts';
import { libc } from '../../src/sock/drivers/posix/libc.ts';
import { connectedPair, DRIVERS, listening, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

const REAL = { clock: 'real' } as const;
const ENOENT = 2;

/** Has the next reading of errno find that of a call that V8 has made meanwhile. */
function overwriteErrno(): () => boolean {
  const bound = libc() as { errno: () => number };
  const { errno } = bound;
  bound.errno = () => {
    bound.errno = errno;
    return ENOENT;
  };
  return () => bound.errno === errno;
}

for (const driver of DRIVERS.filter(({ name }) => name.startsWith('posix')))
  loopBehaviour(`An errno that was overwritten (${driver.name})`, (it) => {
    it(
      'is taken for no error of a receive, which goes on',
      async (loop: Loop) => {
        const { client, server, close } = await connectedPair(driver.name);
        const wasRead = overwriteErrno();

        const receiving = createTask(loop.sockRecv(server, 10));
        await sleep(0);
        assert.ok(wasRead());
        client.send(Buffer.from('bytes'));

        assert.is(String(await receiving), 'bytes');
        close();
      },
      REAL,
    );

    it(
      'is taken for no error of an accept',
      async (loop: Loop) => {
        const server = listening(driver.name);
        const wasRead = overwriteErrno();
        const accepting = createTask(loop.sockAccept(server));
        await sleep(0);
        assert.ok(wasRead());

        const client = stream(driver.name);
        await loop.sockConnect(client, server.getsockname());
        const [accepted] = await accepting;

        for (const sock of [server, client, accepted]) sock.close();
      },
      REAL,
    );
  });
