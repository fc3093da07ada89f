import { AsyncLocalStorage } from 'node:async_hooks';
import { type EventEmitter, once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect, createServer as createServer2 } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import { fastify } from 'fastify';
import * as assert from 'uvu/assert';
import { runningLoop } from '../../src/core/turns/running-loop.ts';
import { CancelledError, enter, type Loop, sleep, timeout } from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';

const AT_ONCE = 100;

/** Answers the request number `n`; `response` emits 'close' when it was sent, or its client has left. */
type Answer = (n: number, response: EventEmitter) => Promise<string>;

/** One request. */
interface Asked {
  readonly answered: Promise<void>;
  leave(): void;
}

interface Kind {
  readonly name: string;
  readonly requests: number;
  serve(answer: Answer): Promise<Server>;
  /** Returns what sends a request. */
  client(port: number): AsyncDisposable & { ask(n: number): Asked };
}

const http: Pick<Kind, 'client'> = {
  client: (port) => ({
    ask(n) {
      const request = get({ port, host: '127.0.0.1', path: `/${n}`, agent: false });
      const answered = new Promise<void>((resolve, reject) => {
        request.on('response', (response) => response.resume().on('end', resolve));
        request.on('error', leaves(n) ? () => {} : reject);
      });
      return { answered, leave: () => request.destroy() };
    },
    async [Symbol.asyncDispose]() {},
  }),
};

const KINDS: readonly Kind[] = [
  {
    name: 'Fastify',
    requests: 10_000,
    async serve(answer) {
      const app = fastify();
      app.get<{ Params: { n: string } }>('/:n', (request, reply) =>
        answer(Number(request.params.n), reply.raw),
      );
      await app.listen({ port: 0, host: '127.0.0.1' });
      return app.server;
    },
    ...http,
  },
  {
    name: 'Express',
    requests: 3000,
    async serve(answer) {
      const app = express();
      app.get('/:n', async (request, response) => {
        response.end(await answer(Number(request.params.n), response));
      });
      // Otherwise it prints the cancels.
      app.use(((_error, _request, _response, _next) => {}) satisfies express.ErrorRequestHandler);
      return listening(app.listen(0, '127.0.0.1'));
    },
    ...http,
  },
  {
    name: 'node:http',
    requests: 3000,
    serve(answer) {
      const server = createServer((request, response) => {
        answer(numberIn(request.url), response).then(
          (text) => response.end(text),
          () => {},
        );
      });
      return listening(server.listen(0, '127.0.0.1'));
    },
    ...http,
  },
  {
    name: 'node:http2',
    requests: 3000,
    serve(answer) {
      const server = createServer2((request, response) => {
        answer(numberIn(request.url), response).then(
          (text) => response.end(text),
          () => {},
        );
      });
      return listening(server.listen(0, '127.0.0.1'));
    },
    client(port) {
      const session = connect(`http://127.0.0.1:${port}`);
      return {
        ask(n) {
          const request = session.request({ ':path': `/${n}` });
          const answered = new Promise<void>((resolve, reject) => {
            request.resume().on('end', resolve);
            request.on('error', leaves(n) ? () => {} : reject);
          });
          return { answered, leave: () => request.destroy() };
        },
        async [Symbol.asyncDispose]() {
          session.close();
          await once(session, 'close');
        },
      };
    },
  },
];

behaviour('enter in a server', (it) => {
  for (const { name, requests, serve, client } of KINDS)
    it(
      `leaves no task, listener or store of ${requests} requests of ${name}, of which a third are abandoned`,
      async () => {
        const stores = new AsyncLocalStorage<object>();
        const [storesAlive, signalsAlive] = [new Set<number>(), new Set<number>()];
        const storesGone = new FinalizationRegistry<number>((n) => storesAlive.delete(n));
        const signalsGone = new FinalizationRegistry<number>((n) => signalsAlive.delete(n));
        const seen = { done: 0, cancelled: 0, lost: 0 };
        const loops = new Set<Loop>();
        const signalListeners = process.listenerCount('SIGINT');
        const server = await serve((n, response) => {
          const store = { n };
          const left = new AbortController();
          for (const [alive, gone, object] of [
            [storesAlive, storesGone, store],
            [signalsAlive, signalsGone, left.signal],
          ] as const) {
            alive.add(n);
            gone.register(object, n);
          }
          response.once('close', () => left.abort());
          return stores.run(store, () =>
            enter(
              () =>
                timeout(60, async () => {
                  loops.add(runningLoop() as Loop);
                  try {
                    await sleep(leaves(n) ? 30 : 0.001);
                    seen.done += 1;
                  } catch (error) {
                    if (error instanceof CancelledError) seen.cancelled += 1;
                    throw error;
                  } finally {
                    if (stores.getStore() !== store) seen.lost += 1;
                  }
                  return 'done';
                }),
              { signal: left.signal },
            ),
          );
        });

        {
          await using peer = client((server.address() as AddressInfo).port);
          for (let n = 0; n < requests; n += AT_ONCE) {
            const leaving = Math.ceil((n + AT_ONCE) / 3);
            const numbers = Array.from({ length: AT_ONCE }, (_, k) => n + k);
            const asked = numbers.map((each) => ({ n: each, ...peer.ask(each) }));
            await Promise.all(asked.map((each) => leaves(each.n) || each.answered));
            // Those that do not get an answer leave when all of them are inside.
            while (loops.values().next().value?._tasks.size !== leaving - Math.ceil(n / 3))
              await later(1);
            for (const each of asked) if (leaves(each.n)) each.leave();
            while (seen.cancelled < leaving) await later(1);
          }
        }
        server.close();
        await once(server, 'close');
        while (runningLoop() !== undefined) await later(1);

        const cancelled = Math.ceil(requests / 3);
        assert.equal(seen, { done: requests - cancelled, cancelled, lost: 0 });
        assert.equal(
          [...loops].map((loop) => loop._tasks.size),
          [0],
        );
        assert.is(process.listenerCount('SIGINT'), signalListeners);
        await collected(storesAlive);
        await collected(signalsAlive);
      },
      { seconds: 240 },
    );
});

/** Each third request gets no answer in time: its client is to leave. */
function leaves(n: number): boolean {
  return n % 3 === 0;
}

function numberIn(url: string | undefined): number {
  return Number(url?.slice(1));
}

async function listening(server: Server): Promise<Server> {
  await once(server, 'listening');
  return server;
}

/** Waits until nothing of it is alive, but the few that Node or V8 may hold on to. */
async function collected(alive: ReadonlySet<number>): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let round = 0; round < 200 && alive.size > 5; round += 1) {
    gc();
    await later(10);
  }
  assert.ok(alive.size <= 5, `${alive.size} are left`);
}
