import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket as NetSocket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { ConnectionResetError } from '../../src/base/os-errors.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  accepted,
  connected,
  connectedPair,
  filled,
  listening,
  received,
  receivedAll,
  stream,
} from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';

/** How long the tests that start a process may take, in seconds. */
const CHILD = { seconds: 20 };

interface Child {
  readonly process: ChildProcess;
  /** Its next line on standard output; `undefined` when it has ended. */
  line(): Promise<string | undefined>;
  /** Its status. */
  readonly ended: Promise<number | null>;
}

function child(name: string, { args = [], flags = [], shell = '' }: Partial<Start> = {}): Child {
  const file = fileURLToPath(new URL(`children/${name}.ts`, import.meta.url));
  const command = [process.execPath, ...flags, '--import', 'tsx', file, ...args];
  const started = spawn('sh', ['-c', `${shell} exec "$@"`, 'sh', ...command], {
    // Its input ends when this process does, whatever happened, and that ends it.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  return {
    process: started,
    line: async () => (await lines.next()).value as string | undefined,
    ended: new Promise((resolve) => started.once('exit', resolve)),
  };
}

interface Start {
  args: string[];
  flags: string[];
  shell: string;
}

behaviour('the node driver', (it) => {
  it(
    'does not keep the process alive',
    async () => {
      const idle = child('idle');

      assert.is(await idle.line(), 'waiting');
      assert.is(await idle.ended, 0);
    },
    CHILD,
  );

  it(
    'sends what it took even if the process has nothing more to do',
    async () => {
      const listener = listening('node');
      const sending = child('sends-and-ends', { args: [String(listener.getsockname()[1])] });
      const [server] = await accepted(listener);
      const total = Number(await sending.line());

      assert.is((await receivedAll(server)).length, total);
      assert.is(await sending.ended, 0);
      server.close();
      listener.close();
    },
    CHILD,
  );

  it(
    'reports when descriptors ran out, and serves again when there are some',
    async () => {
      const echo = child('few-descriptors', { shell: 'ulimit -n 64;' });
      const port = Number((await echo.line())?.split(' ')[1]);
      const clients: NetSocket[] = [];
      const open = (): NetSocket => connect(port, '127.0.0.1').on('error', () => {});
      for (let count = 0; count < 80; count += 1) clients.push(open());

      assert.is(await echo.line(), 'EMFILE urgent');
      for (const client of clients) client.destroy();
      const answer = await new Promise((resolve) => {
        const ask = (): void => {
          const client = open();
          client.write('served');
          client.once('data', (data) => {
            client.off('close', ask).destroy();
            resolve(String(data));
          });
          // The first ones may still be shed: the end, or a reset.
          client.once('close', ask);
        };
        ask();
      });

      assert.is(answer, 'served');
      echo.process.kill();
      await echo.ended;
    },
    CHILD,
  );

  it(
    'closes a socket that was forgotten, and warns',
    async () => {
      const forgetting = child('forgets', { flags: ['--expose-gc'] });

      const lines = [await forgetting.line(), await forgetting.line()].sort();
      assert.match(
        lines[0] ?? '',
        /^ResourceWarning: unclosed <socket.socket fd=\d+, .*raddr=.*>$/,
      );
      assert.is(lines[1], 'the peer sees 0 bytes');
      assert.is(await forgetting.ended, 0);
    },
    CHILD,
  );

  it(
    'keeps no async context alive',
    async () => {
      const contexts = child('contexts', { flags: ['--expose-gc'] });

      assert.is(await contexts.line(), 'gone');
      await contexts.ended;
    },
    CHILD,
  );

  it('leaves to the kernel what nobody reads', async () => {
    const { client, server, close } = await connectedPair('node');
    assert.is(server._endpoint.tryRecv(1), undefined);

    // Until nothing moves any more: the reader's queue, and both of the kernel's, are full.
    let total = 0;
    for (let still = 0; still < 20; still += 1) {
      const more = filled(client);
      if (more > 0) still = 0;
      total += more;
      await new Promise(setImmediate);
    }

    assert.is((await receivedAll(server, total)).length, total);
    close();
  });

  it('keeps the connection of a peer that is reset under a send', async () => {
    const { client, server, close } = await connectedPair('node');
    filled(server);
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
    const told = new Promise<void>((resolve) => {
      server._endpoint.writer = { ready: resolve };
    });

    client.close();
    await told;

    assert.ok(server.fileno() > 0);
    await rejects(received(server), ConnectionResetError);
    assert.is((await received(server)).length, 0);
    close();
  });

  it('connects from the address it was bound to', async () => {
    const listener = listening('node');
    const client = stream('node');
    client.bind(['127.0.0.1', 0]);
    const own = String(client.getsockname());

    await connected(client, listener.getsockname());
    const [server, address] = await accepted(listener);

    assert.is(String(address), own);
    for (const sock of [listener, client, server]) sock.close();
  });

  it('shares a port between both IP versions unless IPV6_V6ONLY is set', async () => {
    const both = stream('node', socket.AF_INET6);
    both.bind(['::', 0]);
    both.listen();
    const only6 = stream('node', socket.AF_INET6);
    only6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1);
    only6.bind(['::', 0]);
    only6.listen();
    const client = stream('node');

    await connected(client, ['127.0.0.1', both.getsockname()[1] as number]);
    const [server, address] = await accepted(both);

    assert.is(address[0], '::ffff:127.0.0.1');
    const refused = stream('node');
    await rejects(connected(refused, ['127.0.0.1', only6.getsockname()[1] as number]), Error, {
      code: 'ECONNREFUSED',
    });
    for (const sock of [both, only6, client, server, refused]) sock.close();
  });

  it('can try to connect again after it was refused', async () => {
    const listener = listening('node');
    const gone = listening('node');
    const address = gone.getsockname();
    gone.close();
    const client = stream('node');

    await rejects(connected(client, address), Error, { code: 'ECONNREFUSED' });
    await connected(client, listener.getsockname());

    assert.is(String(client.getpeername()), String(listener.getsockname()));
    client.close();
    listener.close();
  });
});
