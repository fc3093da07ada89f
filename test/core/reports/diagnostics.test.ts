import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import * as assert from 'uvu/assert';
import {
  createSubprocessExec,
  createTask,
  gather,
  type Loop,
  openConnection,
  sleep,
  startServer,
  subprocess,
  type Task,
} from '../../../src/index.ts';
import { DRIVERS, listening, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { CLIENT, SERVER } from '../../support/tls.ts';

const CHANNELS = [
  'task:created',
  'task:done',
  'task:cancelled',
  'connection:made',
  'connection:lost',
  'report',
];

interface Message {
  readonly task?: Task<unknown>;
  readonly message?: string;
  readonly transport?: object;
  readonly protocol?: object;
  readonly error?: unknown;
  readonly loop?: Loop;
  readonly context?: object;
}

/** What was published while `scenario` ran. */
async function published(scenario: () => Promise<unknown>): Promise<[string, Message][]> {
  const all: [string, Message][] = [];
  const listeners = CHANNELS.map((name) => {
    const listener = (message: unknown): void => void all.push([name, message as Message]);
    subscribe(`asyncio-ts:${name}`, listener);
    return () => unsubscribe(`asyncio-ts:${name}`, listener);
  });
  try {
    await scenario();
  } finally {
    for (const end of listeners) end();
  }
  return all;
}

loopBehaviour('node:diagnostics_channel', (it) => {
  it('publishes when tasks are created, cancelled and done', async () => {
    const all = await published(async () => {
      const [ok, cancelled, failing] = [
        createTask(async () => {}, { name: 'ok' }),
        createTask(() => sleep(5), { name: 'cancelled' }),
        createTask(() => Promise.reject(new Error('x')), { name: 'failing' }),
      ];
      await sleep(0);
      cancelled.cancel('why');
      cancelled.cancel('again');
      await gather(ok, cancelled, failing, { returnExceptions: true });
      cancelled.cancel('late');
    });

    const form = all.map(
      ([name, { task, message }]) => `${name} ${task?.getName()} ${message ?? ''}`,
    );
    assert.equal(
      form.map((text) => text.trim()),
      [
        'task:created ok',
        'task:created cancelled',
        'task:created failing',
        'task:done ok',
        'task:done failing',
        'task:cancelled cancelled why',
        'task:cancelled cancelled again',
        'task:done cancelled',
      ],
    );
    assert.ok(all.every(([name, { task }]) => name !== 'task:done' || task?.done()));
  });

  it('publishes a task that is cancelled before it starts', async () => {
    const all = await published(async () => {
      const task = createTask(() => sleep(5));
      task.cancel();
      await gather(task, { returnExceptions: true });
    });

    assert.equal(
      all.map(([name]) => name),
      ['task:created', 'task:cancelled', 'task:done'],
    );
  });

  it('publishes reports, even if there is a handler', async (loop) => {
    loop.setExceptionHandler(() => {});
    const context = { message: 'odd' };

    const all = await published(async () => loop.callExceptionHandler(context));

    assert.equal(
      all.map(([name]) => name),
      ['report'],
    );
    assert.is(all[0]?.[1].loop, loop);
    assert.is(all[0]?.[1].context, context);
  });

  it('publishes nothing when nothing subscribes any more', async () => {
    const all = await published(async () => {});
    await createTask(async () => {});
    assert.equal(all, []);
  });

  for (const [what, ssl, client, driver] of DRIVERS.flatMap(
    ({ name }) =>
      [
        ['TCP', undefined, {}, name],
        ['TLS', SERVER, { ssl: CLIENT, serverHostname: 'localhost' }, name],
      ] as const,
  ))
    it(
      `publishes both ends of a connection over ${what}, once each (${driver})`,
      async (loop) => {
        const all = await published(async () => {
          const listener = listening(driver);
          await using _server = await startServer(
            async (_reader, writer) => writer.close(),
            undefined,
            undefined,
            { sock: listener, ssl },
          );
          const sock = stream(driver);
          await loop.sockConnect(sock, listener.getsockname());
          const [reader, writer] = await openConnection(undefined, undefined, { sock, ...client });
          await reader.read();
          writer.close();
          await writer.waitClosed();
          await sleep(0.05);
        });

        const connections = all.filter(([name]) => name.startsWith('connection'));
        assert.equal(connections.map(([name]) => name).sort(), [
          'connection:lost',
          'connection:lost',
          'connection:made',
          'connection:made',
        ]);
        const made = connections.filter(([name]) => name.endsWith('made'));
        for (const [name, { transport, protocol }] of connections)
          if (name.endsWith('lost'))
            assert.ok(made.some(([, m]) => m.transport === transport && m.protocol === protocol));
      },
      { clock: 'real' },
    );

  it(
    'publishes a child process, but not its pipes',
    async () => {
      const all = await published(async () => {
        const child = await createSubprocessExec(process.execPath, '--version', {
          stdout: subprocess.PIPE,
        });
        await child.communicate();
        await sleep(0.01);
      });

      const connections = all.filter(([name]) => name.startsWith('connection'));
      assert.equal(
        connections.map(([name]) => name),
        ['connection:made', 'connection:lost'],
      );
    },
    { clock: 'real' },
  );
});
