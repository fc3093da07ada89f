/** Faults that the seed draws: full backlogs, power losses, shortages of descriptors; and profiles with other weights. */
import * as assert from 'uvu/assert';
import { openConnection, sleep, startServer, TimeoutError, timeout } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { type RunResult, type SimulationOptions, simulate, type World } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { addServer, codeOf } from './echo-host.ts';

function kindsOf({ faults }: RunResult): string[] {
  return [...new Set(faults.map(({ kind }) => kind))].sort();
}

/** Runs `main` beside a server. No fault hits the world itself, only what it connects to. */
async function besideServer(
  faults: SimulationOptions['faults'],
  main: (world: World, server: ReturnType<typeof addServer>) => Promise<void>,
): Promise<RunResult> {
  return await simulate(
    async (world) => {
      const server = addServer(world);
      await sleep(0.1);
      await main(world, server);
    },
    { faults },
  );
}

behaviour('The weight backlog', (it) => {
  it('leaves connection attempts without a response, as a full backlog does', async () => {
    const took = new Set<number>();
    const result = await besideServer({ backlog: 0.5 }, async (world) => {
      for (let n = 0; n < 20; n += 1) {
        const before = world.time();
        const [, writer] = await openConnection('server', 80);
        took.add(Math.round(world.time() - before));
        writer.close();
      }
    });
    // Linux tries again after 1, 2, 4 seconds.
    for (const seconds of took) assert.ok([0, 1, 3, 7, 15].includes(seconds), `${seconds}`);
    assert.ok(took.has(0) && took.has(1) && took.has(3));
    assert.equal(kindsOf(result), ['backlog']);
  });

  it('makes all attempts time out if it is 1, except those that are refused for lack of a listener', async () => {
    await besideServer({ backlog: 1 }, async (world) => {
      const before = world.time();
      assert.is(await codeOf(() => openConnection('server', 80)), 'ETIMEDOUT');
      assert.is(Math.round(world.time() - before), 127);
      assert.is(await codeOf(() => openConnection('server', 81)), 'ECONNREFUSED');
    });
  });

  it('spares connections of a host to itself', async () => {
    const result = await simulate(
      async (world) => {
        const host = world.host('server', async () => {
          const server = await startServer((_reader, writer) => writer.close(), '0.0.0.0', 80);
          const [reader, writer] = await openConnection('127.0.0.1', 80);
          await reader.read();
          writer.close();
          server.close();
        });
        await world.ended(host);
      },
      { faults: { backlog: 1 } },
    );
    assert.equal(result.faults, []);
  });
});

behaviour('The weight power', (it) => {
  it('makes hosts lose power without notice to their peers, and start again', async () => {
    const result = await besideServer({ power: 4 }, async (world, server) => {
      const [reader, writer] = await openConnection('server', 80);
      await world.eventually(() => server.state === 'crashed');
      const lost = world.time();
      const error = await rejects(
        timeout(6, () => reader.read(9)),
        Error,
      );
      assert.instance(error, TimeoutError);
      await world.eventually(() => server.state === 'up');
      assert.ok(world.time() - lost <= 6);
      // It knows nothing of the connection.
      writer.write('x');
      assert.is(await codeOf(() => reader.read(9)), 'ECONNRESET');
      writer.close();
    });
    assert.equal(kindsOf(result), ['power']);
    assert.match(result.trace, /server, back in \d\.\d+ s[\s\S]*loses power[\s\S]*starts/);
  });

  it('does not delay the end of the run', async () => {
    let isOver = false;
    await besideServer({ power: 4 }, async (world, server) => {
      world.host('client', async () => {
        const [reader, writer] = await openConnection('server', 80);
        try {
          await sleep(1000);
        } finally {
          // From a machine that is still off, no answer would come for a quarter of an hour.
          writer.write('bye');
          await codeOf(() => reader.read(9));
          writer.close();
          isOver = true;
        }
      });
      await world.eventually(() => server.state === 'crashed');
    });
    assert.ok(isOver);
  });
});

behaviour('The weight descriptors', (it) => {
  it('stops a host from opening descriptors for some seconds; those it has keep working', async () => {
    const codes = new Set<string>();
    let longest = 0;
    const result = await simulate(
      async (world) => {
        world.host('client', async () => {
          const server = await startServer((_reader, writer) => writer.close(), '127.0.0.1', 80);
          const [reader, writer] = await openConnection('127.0.0.1', 81).catch(() => []);
          assert.is(reader, writer);
          let since: number | undefined;
          for (let n = 0; n < 600; n += 1) {
            const code = await codeOf(async () => {
              socket.socket().close();
            });
            codes.add(code);
            if (code === 'none') since = undefined;
            else since ??= world.time();
            if (since !== undefined) longest = Math.max(longest, world.time() - since);
            await sleep(0.1);
          }
          server.close();
        });
        await sleep(70);
      },
      { faults: { descriptors: 3 } },
    );
    assert.equal([...codes].sort(), ['EMFILE', 'none']);
    assert.ok(longest > 0.2 && longest < 5.2, `${longest}`);
    assert.equal(kindsOf(result), ['descriptors']);
  });

  it('makes servers report it and continue, which is not a failure', async () => {
    let served = 0;
    const result = await besideServer({ descriptors: 6 }, async () => {
      for (let n = 0; n < 60; n += 1) {
        const [reader, writer] = await openConnection('server', 80);
        writer.write('x');
        assert.is(`${await reader.read(9)}`, 'x');
        served += 1;
        writer.close();
        await sleep(1);
      }
    });
    assert.is(served, 60);
    assert.match(result.trace, /out of system resource/);
  });

  it('ends with the process', async () => {
    await besideServer({ descriptors: 1 }, async (world, server) => {
      const shortage = /✗ descriptors: server for (\d\.\d+) s/;
      let left = 0;
      while (left < 1) {
        await sleep(0.1);
        left = Number(shortage.exec(world.trace())?.[1] ?? 0);
      }
      server.crash();
      server.restart();
      await sleep(0.1);
      assert.is(server.state, 'up');
      const [reader, writer] = await openConnection('server', 80);
      writer.write('x');
      assert.is(`${await timeout(0.5, () => reader.read(9))}`, 'x');
      writer.close();
    });
  });
});

behaviour('The weight profile', (it) => {
  const run = async (faults: SimulationOptions['faults']): Promise<RunResult> =>
    await simulate(
      async (world) => {
        for (const name of ['a', 'b']) world.host(name, () => sleep(1000));
        await sleep(600);
      },
      { faults },
    );

  it('is the base for other weights', async () => {
    const hell = await run('hell');
    assert.is((await run({ profile: 'hell' })).digest, hell.digest);
    assert.is((await run({ profile: 'hell', power: undefined })).digest, hell.digest);
    assert.equal(kindsOf(hell), ['crash', 'freeze', 'partition', 'reset']);
    assert.equal(kindsOf(await run({ profile: 'hell', crash: 0, power: 2 })), [
      'freeze',
      'partition',
      'power',
      'reset',
    ]);
    assert.equal((await run({ profile: 'calm' })).faults, []);
  });

  it('is calm, rough or hell', async () => {
    for (const profile of ['bad', 'toString', 5, null]) {
      const error = await rejects(run({ profile } as object), RangeError);
      assert.match(
        error.message,
        /^faults must be calm, rough, hell or weights, got \{'profile': /,
      );
    }
  });
});
