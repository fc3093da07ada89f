import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  DatagramProtocol,
  Event,
  gather,
  getRunningLoop,
  IncompleteReadError,
  Lock,
  openConnection,
  Protocol,
  type StreamReader,
  type StreamWriter,
  sleep,
  startServer,
  timeout,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { SimulationError, simulate, type World } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { datagram, freshPath, stream } from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';
import { addServer, codeOf } from './echo-host.ts';

/** Runs `main` on a host, with an echo server on another. */
async function onClient(
  main: (world: World) => Promise<void>,
  options: Parameters<typeof simulate>[1] = {},
) {
  return await simulate(async (world) => {
    addServer(world);
    const client = world.host('client', async () => main(world));
    await world.ended(client);
  }, options);
}

behaviour('simulate', (it) => {
  it('runs hosts that find each other by name', async () => {
    const seen: unknown[] = [];
    await onClient(async (world) => {
      const [reader, writer] = await openConnection('server', 80);
      seen.push(socket.gethostname(), `${writer.getExtraInfo('peername')}`);
      writer.write('hello');
      seen.push(`${await reader.readexactly(5)}`);
      writer.close();
      seen.push(world.hosts.map(({ name, address }) => `${name} ${address}`));
    });
    assert.equal(seen, [
      'client',
      "('10.0.0.2', 80)",
      'hello',
      ['server 10.0.0.2', 'client 10.0.0.3'],
    ]);
  });

  it('leaves the files of this machine untouched, whatever the paths of its sockets', async () => {
    const paths = [freshPath(), freshPath()] as const;
    for (const [at, path] of paths.entries()) {
      const sock = at === 0 ? stream('posix', socket.AF_UNIX) : datagram('posix', socket.AF_UNIX);
      sock.bind(path);
      sock.close();
    }
    const [path, localAddr] = paths;
    await onClient(async () => {
      const loop = getRunningLoop();
      await using server = await loop.createUnixServer(() => new Protocol(), path);
      assert.ok(server.isServing());
      const protocol = (): DatagramProtocol => new DatagramProtocol();
      const options = { localAddr, family: socket.AF_UNIX };
      const [transport] = await loop.createDatagramEndpoint(protocol, options);
      transport.close();
    });
    assert.equal(paths.map(existsSync), [true, true]);
  });

  it('runs many hosts together, and adds one process listener for all', async () => {
    const before = process.listenerCount('exit');
    const during: number[] = [];
    await simulate(async (world) => {
      for (let n = 0; n < 20; n += 1) world.host(`host${n}`, () => sleep(2));
      await sleep(1);
      during.push(process.listenerCount('exit'));
      for (const host of world.hosts) host.crash();
    });
    assert.equal(during, [before + 1]);
    assert.is(process.listenerCount('exit'), before);
  });

  it('takes no time for an hour of sleep', async () => {
    const { time } = await simulate(async () => {
      await sleep(3600);
    });
    assert.ok(time >= 3600 && time < 3601);
  });

  it('repeats a run for the same seed, and differs for another', async () => {
    const one = async (seed: number) =>
      await onClient(
        async () => {
          for (let n = 0; n < 10; n += 1) {
            try {
              await timeout(3, async () => {
                const [reader, writer] = await openConnection('server', 80);
                try {
                  writer.write('some bytes that are cut');
                  await reader.readexactly(23);
                } finally {
                  writer.close();
                }
              });
            } catch {
              await sleep(0.1);
            }
          }
        },
        { seed, faults: { latency: [0.001, 0.2], cut: 0.5, stall: 0.1, partition: 10 } },
      );
    const [first, again, other] = [await one(7), await one(7), await one(8)];
    assert.is(again.trace, first.trace);
    assert.is(again.digest, first.digest);
    assert.is.not(other.digest, first.digest);
    assert.ok(first.faults.length > 0);
  });

  it('refuses connections to ports without a listener, and unknown names', async () => {
    const codes: string[] = [];
    const times: number[] = [];
    await onClient(async (world) => {
      codes.push(await codeOf(() => openConnection('server', 81)));
      codes.push(await codeOf(() => openConnection('nobody', 80)));
      const before = world.time();
      codes.push(await codeOf(() => openConnection('10.9.9.9', 80)));
      times.push(Math.round(world.time() - before));
    });
    assert.equal(codes, ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']);
    assert.equal(times, [3]);
  });

  it('times out a connect after two minutes if nothing responds', async () => {
    await onClient(async (world) => {
      world.partition('client', 'server');
      const before = world.time();
      assert.is(await codeOf(() => openConnection('server', 80)), 'ETIMEDOUT');
      assert.is(Math.round(world.time() - before), 127);
    });
  });

  it('delivers what was sent during a partition when the partition ends', async () => {
    await onClient(async (world) => {
      const [reader, writer] = await openConnection('server', 80);
      world.partition('client', 'server');
      const before = world.time();
      writer.write('late');
      getRunningLoop().callLater(5, () => world.heal('client', 'server'));
      assert.is(`${await reader.readexactly(4)}`, 'late');
      const took = world.time() - before;
      assert.ok(took >= 5 && took < 20, `${took}`);
      writer.close();
    });
  });

  it('resets a connection after a quarter of an hour of partition', async () => {
    await onClient(async (world) => {
      const [reader, writer] = await openConnection('server', 80);
      world.partition('client', 'server');
      writer.write('lost');
      assert.is(await codeOf(() => reader.readexactly(4)), 'ETIMEDOUT');
      assert.is(Math.round(world.time()), 924);
      writer.close();
    });
  });

  it('can partition in one direction only', async () => {
    await onClient(async (world) => {
      const [reader, writer] = await openConnection('server', 80);
      world.partition('server', 'client', { oneWay: true });
      writer.write('x');
      const error = await rejects(
        timeout(60, () => reader.readexactly(1)),
        Error,
      );
      assert.is(error.name, 'TimeoutError');
      world.heal();
      assert.is(`${await reader.readexactly(1)}`, 'x');
      writer.close();
    });
  });

  it('holds packets, and releases them without loss', async () => {
    await onClient(async (world) => {
      const [reader, writer] = await openConnection('server', 80);
      world.hold('client', 'server');
      for (const text of ['a', 'b', 'c']) {
        writer.write(text);
        await sleep(10);
      }
      world.release('client', 'server');
      const released = world.time();
      assert.is(`${await reader.readexactly(3)}`, 'abc');
      assert.ok(world.time() - released < 0.1, 'nothing has to be sent again');
      writer.close();
    });
  });

  it('runs no finally blocks in a crash, and closes the sockets as the kernel does', async () => {
    let cleanUps = 0;
    let starts = 0;
    await simulate(async (world) => {
      const server = world.host('server', async () => {
        starts += 1;
        try {
          const listener = await startServer(() => sleep(1000), '0.0.0.0', 80);
          await listener.serveForever();
        } finally {
          cleanUps += 1;
        }
      });
      const client = world.host('client', async () => {
        const [reader, writer] = await openConnection('server', 80);
        await sleep(1);
        server.crash();
        assert.is(server.state, 'crashed');
        assert.is((await reader.read(10)).length, 0);
        writer.close();
        assert.is(await codeOf(() => openConnection('server', 80)), 'ECONNREFUSED');
        server.restart();
        await sleep(1);
        const [, again] = await openConnection('server', 80);
        again.close();
      });
      await world.ended(client);
      assert.is(cleanUps, 0);
    });
    assert.is(starts, 2);
    assert.is(cleanUps, 1);
  });

  it('leaves connections half open if a machine loses power', async () => {
    await simulate(async (world) => {
      const server = addServer(world);
      const client = world.host('client', async () => {
        const [reader, writer] = await openConnection('server', 80);
        server.powerOff();
        const error = await rejects(
          timeout(100, () => reader.read(1)),
          Error,
        );
        assert.is(error.name, 'TimeoutError');
        server.restart();
        // The machine knows nothing of the connection any more.
        writer.write('x');
        assert.is(await codeOf(() => reader.read(1)), 'ECONNRESET');
        writer.close();
      });
      await world.ended(client);
    });
  });

  it('can pause a host', async () => {
    await simulate(async (world) => {
      const server = addServer(world);
      const client = world.host('client', async () => {
        const [reader, writer] = await openConnection('server', 80);
        server.freeze(30);
        const before = world.time();
        writer.write('x');
        await reader.readexactly(1);
        assert.is(Math.floor(world.time() - before), 30);
        writer.close();
      });
      await world.ended(client);
    });
  });

  it('gives each host a clock of its own', async () => {
    const times: number[] = [];
    await simulate(async (world) => {
      for (const [name, skew, drift] of [
        ['a', 100, 0],
        ['b', 0, 0.5],
      ] as const)
        world.host(
          name,
          async () => {
            await sleep(10);
            times.push(getRunningLoop().time());
          },
          { skew, drift },
        );
      await sleep(100);
      times.push(getRunningLoop().time());
    });
    assert.equal(
      times.map((time) => Math.round(time)),
      [10, 110, 100],
    );
  });

  it('limits descriptors', async () => {
    await simulate(async (world) => {
      addServer(world);
      const client = world.host(
        'client',
        async () => {
          const open = [];
          for (let n = 0; n < 2; n += 1) open.push(await openConnection('server', 80));
          assert.is(await codeOf(() => openConnection('server', 80)), 'EMFILE');
          for (const [, writer] of open) writer.close();
        },
        { descriptors: 5 },
      );
      await world.ended(client);
    });
  });

  it('sends datagrams, and loses and duplicates them', async () => {
    const count = async (loss: number, duplicate: number): Promise<number> => {
      let received = 0;
      await simulate(async (world) => {
        world.host('server', async () => {
          const [transport] = await getRunningLoop().createDatagramEndpoint(
            () =>
              new (class extends DatagramProtocol {
                override datagramReceived(): void {
                  received += 1;
                }
              })(),
            { localAddr: ['0.0.0.0', 53] },
          );
          await sleep(100);
          transport.close();
        });
        world.link('world', 'server', { loss, duplicate });
        const [transport] = await getRunningLoop().createDatagramEndpoint(
          () => new DatagramProtocol(),
          {
            remoteAddr: ['server', 53],
          },
        );
        for (let n = 0; n < 100; n += 1) {
          transport.sendto(Buffer.from('x'));
          await sleep(0.1);
        }
        transport.close();
      });
      return received;
    };
    assert.is(await count(0, 0), 100);
    assert.is(await count(1, 0), 0);
    const lost = await count(0.3, 0);
    assert.ok(lost > 50 && lost < 90, `${lost}`);
    assert.is(await count(0, 1), 200);
  });

  it('patches Date, Math.random() and timers on request', async () => {
    const seen: unknown[] = [];
    const random = Math.random;
    const main = async (): Promise<void> => {
      const before = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 5000));
      seen.push(Date.now() - before, Math.random());
    };
    for (let n = 0; n < 2; n += 1) await simulate(main, { patch: true, seed: 3 });
    assert.is(seen[0], 5000);
    assert.is(seen[1], seen[3]);
    assert.is(Math.random, random);
  });

  it('patches timers that Node would shorten to a millisecond', async () => {
    const waited: number[] = [];
    const main = async (): Promise<void> => {
      for (const delay of [86_400_000, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, 0]) {
        const before = Date.now();
        await new Promise((resolve) => setTimeout(resolve, delay));
        waited.push(Date.now() - before);
      }
    };
    await simulate(main, { patch: true });
    assert.equal(waited, [86_400_000, 1, 1, 1, 1]);
  });
});

behaviour('simulate fails', (it) => {
  const fails = async (
    main: (world: World) => Promise<unknown>,
    options: Parameters<typeof simulate>[1] = {},
  ): Promise<SimulationError> => await rejects(simulate(main, options), SimulationError);

  it('with the seed, the error and the trace', async () => {
    const error = await fails(
      async (world) => {
        addServer(world);
        const [, writer] = await openConnection('server', 80);
        writer.write('hello');
        await sleep(1);
        throw new Error('the reason');
      },
      { seed: 5 },
    );
    assert.is(error.seed, 5);
    assert.is((error.cause as Error).message, 'the reason');
    assert.match(error.message, /with seed 5, 1\.0\d+ s into the simulation/);
    assert.match(error.message, /server {2}world/);
    assert.match(error.message, /◀─+● +data 5/);
    assert.match(error.message, /run it again: SIMULATION_SEED=5$/);
  });

  it('when the program of a host throws', async () => {
    const error = await fails(async (world) => {
      world.host('db', async () => {
        throw new TypeError('broken');
      });
      await sleep(10);
    });
    assert.match(error.message, /^db failed, with seed 1/);
  });

  it('when a host makes a report', async () => {
    const error = await fails(async (world) => {
      world.host('db', async () => {
        getRunningLoop().callSoon(() => {
          throw new TypeError('broken');
        });
        await sleep(1);
      });
      await sleep(10);
    });
    assert.match(error.message, /^db reported: Exception in callback/);
  });

  it('when nothing can happen any more, and shows what every host waits for', async () => {
    const error = await fails(async (world) => {
      world.host('db', async () => {
        const lock = new Lock();
        await lock.acquire();
        await lock.acquire();
      });
      await new Event().wait();
    });
    assert.match(error.message, /nothing can happen any more:\n/);
    assert.match(error.message, /db: db\.main waits for Lock\.acquire/);
    assert.match(error.message, /^ {2}Task-\d+ waits for Event\.wait/m);
  });

  it('when it takes too long', async () => {
    const error = await fails(
      async () => {
        for (;;) await sleep(1);
      },
      { limit: 100 },
    );
    assert.match(error.message, /the simulation still runs after 100 s/);
  });

  it('when an invariant is violated', async () => {
    const error = await fails(async (world) => {
      let value = 0;
      world.always(() => value < 3, 'small');
      for (;;) {
        value += 1;
        await sleep(1);
      }
    });
    assert.match(error.message, /small does not hold/);
    assert.match(error.message, /, 2\.0\d+ s into/);
  });

  it('when a condition is not met in time', async () => {
    let value = 0;
    await simulate(async (world) => {
      getRunningLoop().callLater(5, () => {
        value = 1;
      });
      await world.eventually(() => value === 1);
      assert.is(Math.round(world.time()), 5);
    });
    const error = await fails(async (world) => {
      await world.eventually(() => value === 2, 10, 'two');
    });
    assert.match(error.message, /two did not hold within 10 s/);
  });

  it('with the fewest faults that are needed', async () => {
    const error = await fails(
      async (world) => {
        addServer(world);
        const client = world.host('client', async () => {
          const [reader, writer] = await openConnection('server', 80);
          for (let n = 0; n < 200; n += 1) {
            writer.write('x');
            await timeout(8, () => reader.readexactly(1));
            await sleep(1);
          }
          writer.close();
        });
        await world.ended(client);
      },
      { seed: 2, runs: 20, faults: { stall: 0.2, freeze: 4, partition: 4 } },
    );
    assert.is(error.faults.length, 1);
    assert.is(error.faults[0]?.kind, 'partition');
    assert.match(error.message, /SIMULATION_FAULTS=partition\d+$/);
  });

  it('again with the seed and the faults of the environment', async () => {
    const main = async (world: World): Promise<void> => {
      addServer(world);
      const [reader, writer] = await openConnection('server', 80);
      for (let n = 0; n < 100; n += 1) {
        writer.write('x');
        await reader.readexactly(1);
        await sleep(1);
      }
      writer.close();
    };
    const options = { runs: 10, faults: { reset: 1, stall: 0.2 } };
    // Between the world and a host there are no resets: it stands beside the network.
    const { faults } = await simulate(main, options);
    const [first] = faults;
    process.env['SIMULATION_SEED'] = '10';
    process.env['SIMULATION_FAULTS'] = `${first?.name}`;
    try {
      const again = await simulate(main, options);
      assert.is(again.seed, '10');
      assert.equal(
        again.faults.map(({ name }) => name),
        [first?.name],
      );
    } finally {
      delete process.env['SIMULATION_SEED'];
      delete process.env['SIMULATION_FAULTS'];
    }
  });

  it('for unknown options, immediately', async () => {
    const main = async (): Promise<void> => {};
    const texts = [
      [{ runs: 0 }, 'runs must be an integer >= 1, got 0'],
      [{ seed: Number.NaN }, 'seed must be a number or a string, got nan'],
      [{ faults: 'bad' }, "faults must be calm, rough, hell or weights, got 'bad'"],
      [{ faults: { lose: 1 } }, "unknown weight in faults: 'lose'"],
      [{ faults: { loss: 2 } }, 'faults: loss must be from 0 to 1, got 2'],
    ] as const;
    for (const [options, text] of texts) {
      const error = await rejects(simulate(main, options as object), Error);
      assert.is(error.message, text);
    }
  });
});

behaviour('The library under hell', (it) => {
  it('loses no byte of a stream, and ends', async () => {
    const text = Array.from({ length: 50 }, (_, n) => `line ${n}\n`);
    const failures: unknown[] = [];
    await simulate(
      async (world) => {
        addServer(world);
        const client = world.host('client', async () => {
          for (let tries = 0; tries < 5; tries += 1) {
            let writer: StreamWriter | undefined;
            try {
              await timeout(30, async () => {
                let reader: StreamReader;
                [reader, writer] = await openConnection('server', 80);
                const send = async (): Promise<void> => {
                  for (const line of text) {
                    writer?.write(line);
                    await writer?.drain();
                    await sleep(0.2);
                  }
                };
                const receive = async (): Promise<void> => {
                  for (const line of text) {
                    const got = `${await reader.readuntil('\n')}`;
                    if (got !== line) throw new Error(`expected ${line}, got ${got}`);
                  }
                };
                // If the connection breaks, both fail: gather() retrieves both errors.
                await gather(send, receive);
              });
              return;
            } catch (error) {
              const expected =
                error instanceof socket.error ||
                error instanceof IncompleteReadError ||
                error instanceof CancelledError ||
                (error as Error).name === 'TimeoutError';
              if (!expected) throw error;
              failures.push(error);
            } finally {
              writer?.close();
            }
          }
        });
        while (client.state !== 'ended') {
          await world.ended(client);
          if (client.state === 'crashed') await sleep(1);
        }
      },
      { runs: 25, faults: 'hell' },
    );
    assert.ok(failures.length > 10);
  });
});
