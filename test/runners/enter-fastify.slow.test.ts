import { AsyncLocalStorage } from 'node:async_hooks';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fastify } from 'fastify';
import * as assert from 'uvu/assert';
import { runningLoop } from '../../src/core/turns/running-loop.ts';
import { CancelledError, enter, type Loop, sleep, timeout } from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';

const REQUESTS = 10_000;
const AT_ONCE = 100;

behaviour('enter in a Fastify server', (it) => {
  it(
    'leaves no task, listener or store of 10,000 requests, of which a third are left',
    async () => {
      const stores = new AsyncLocalStorage<object>();
      const [storesAlive, signalsAlive] = [new Set<number>(), new Set<number>()];
      const storesGone = new FinalizationRegistry<number>((n) => storesAlive.delete(n));
      const signalsGone = new FinalizationRegistry<number>((n) => signalsAlive.delete(n));
      const seen = { done: 0, cancelled: 0, lost: 0 };
      const loops = new Set<Loop>();
      const signalListeners = process.listenerCount('SIGINT');
      const app = fastify();
      app.get<{ Params: { n: string } }>('/:n', (request, reply) => {
        const n = Number(request.params.n);
        const store = { n };
        const client = new AbortController();
        for (const [alive, gone, object] of [
          [storesAlive, storesGone, store],
          [signalsAlive, signalsGone, client.signal],
        ] as const) {
          alive.add(n);
          gone.register(object, n);
        }
        reply.raw.once('close', () => client.abort());
        return stores.run(store, () =>
          enter(
            () =>
              timeout(60, async () => {
                loops.add(runningLoop() as Loop);
                try {
                  await sleep(n % 3 === 0 ? 30 : 0.001);
                  seen.done += 1;
                } catch (error) {
                  if (error instanceof CancelledError) seen.cancelled += 1;
                  throw error;
                } finally {
                  if (stores.getStore() !== store) seen.lost += 1;
                }
                return 'done';
              }),
            { signal: client.signal },
          ),
        );
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      const { port } = app.server.address() as AddressInfo;

      for (let n = 0; n < REQUESTS; n += AT_ONCE) {
        const leaving = Math.ceil((n + AT_ONCE) / 3);
        const asked = Array.from({ length: AT_ONCE }, (_, k) => ask(port, n + k));
        await Promise.all(asked.map((each) => each.answered));
        // Those that do not get an answer leave when all of them are inside.
        while (loops.values().next().value?._tasks.size !== leaving - Math.ceil(n / 3))
          await later(1);
        for (const each of asked) each.leave();
        while (seen.cancelled < leaving) await later(1);
      }
      await app.close();
      while (runningLoop() !== undefined) await later(1);

      assert.equal(seen, { done: 6666, cancelled: 3334, lost: 0 });
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

/** One request. Each third gets no answer in time: its client is to leave. */
function ask(port: number, n: number): { readonly answered: Promise<void>; leave(): void } {
  const leaves = n % 3 === 0;
  const request = get({ port, host: '127.0.0.1', path: `/${n}`, agent: false });
  const answered = new Promise<void>((resolve, reject) => {
    if (leaves) resolve();
    request.on('response', (response) => response.resume().on('end', resolve));
    request.on('error', leaves ? () => {} : reject);
  });
  return { answered, leave: () => void (leaves && request.destroy()) };
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
