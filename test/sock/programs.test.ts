import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket as NetSocket } from 'node:net';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { accepted, DRIVERS, listening, receivedAll } from '../support/drivers.ts';
import { typescript } from '../support/program.ts';

/** How long the tests that start a process may take, in seconds. */
const CHILD = { seconds: 20 };

interface Child {
  readonly process: ChildProcess;
  /** Its next line on standard output; `undefined` when it has ended. */
  line(): Promise<string | undefined>;
  /** Its status. */
  readonly ended: Promise<number | null>;
}

function child(
  driver: string,
  name: string,
  { args = [], flags = [], shell = '' }: Partial<Start> = {},
): Child {
  const program = typescript(`test/sock/children/${name}.ts`);
  const command = [process.execPath, ...flags, ...program, ...args];
  const started = spawn('sh', ['-c', `${shell} exec "$@"`, 'sh', ...command], {
    // Its input ends when this process does, whatever happened, and that ends it.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ASYNCIO_SOCKETS: driver },
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

for (const { name, real } of DRIVERS) {
  if (!real) continue;
  behaviour(`a program with sockets (${name})`, (it) => {
    it(
      'does not keep the process alive',
      async () => {
        const idle = child(name, 'idle');

        assert.is(await idle.line(), 'waiting');
        assert.is(await idle.ended, 0);
      },
      CHILD,
    );

    it(
      'sends what it has taken even if the process has nothing more to do',
      async () => {
        const listener = listening(name);
        const sending = child(name, 'sends-and-ends', {
          args: [String(listener.getsockname()[1])],
        });
        const [server] = await accepted(listener);
        const total = Number(await sending.line());

        assert.is((await receivedAll(server)).length, total);
        assert.is(await sending.ended, 0);
        server.close();
        listener.close();
      },
      CHILD,
    );

    if (name === 'node')
      it(
        'sends the last bytes of a closed socket while its peer reads some, and resets it otherwise',
        async () => {
          const slow = child(name, 'slow-peers');

          assert.equal(
            [await slow.line(), await slow.line(), await slow.line()],
            [
              'TCP, takes something: all, then the end',
              'TCP, takes nothing: a part, then ECONNRESET',
              'a path, takes nothing: all, then the end',
            ],
          );
          assert.is(await slow.ended, 0);
        },
        CHILD,
      );

    it(
      'reports that descriptors have run out, and serves again when there are some',
      async () => {
        const echo = child(name, 'few-descriptors', { shell: 'ulimit -n 64;' });
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
      'closes a socket that is garbage-collected, and warns',
      async () => {
        const forgetting = child(name, 'forgets', { flags: ['--expose-gc'] });

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
        const contexts = child(name, 'contexts', { flags: ['--expose-gc'] });

        assert.is(await contexts.line(), 'gone');
        await contexts.ended;
      },
      CHILD,
    );
  });
}
