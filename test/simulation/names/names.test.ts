/** Names that change, and hosts with IPv6. */
import * as assert from 'uvu/assert';
import {
  DatagramProtocol,
  type DatagramTransport,
  getRunningLoop,
  openConnection,
  sleep,
  startServer,
} from '../../../src/index.ts';
import type { Address } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { type HostOptions, simulate, type World } from '../../../src/testing.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

/** A host that tells its name to each client; `host` is what it listens on. */
function addServer(world: World, name: string, options?: HostOptions, host?: string[] | string) {
  return world.host(
    name,
    async () => {
      const server = await startServer(
        async (_reader, writer) => {
          writer.write(name);
          writer.close();
          await writer.waitClosed();
        },
        host ?? ['0.0.0.0', '::'],
        80,
      );
      await server.serveForever();
    },
    options,
  );
}

/** Who answers at a name, and between which addresses; or the code of the error. */
async function answer(host: string): Promise<string> {
  try {
    const [reader, writer] = await openConnection(host, 80);
    const own = writer.getExtraInfo('sockname') as readonly unknown[];
    const peer = writer.getExtraInfo('peername') as readonly unknown[];
    const name = `${await reader.read()}`;
    writer.close();
    return `${name}: ${own[0]} ${peer[0]}`;
  } catch (error) {
    return (error as { code?: string }).code ?? `${error}`;
  }
}

/** The addresses that a look-up finds, or the code of its error. */
async function lookUp(host: string, family = 0): Promise<string> {
  try {
    const found = await getRunningLoop().getaddrinfo(host, 80, { family, type: 1 });
    return found.map(([, , , , address]) => address[0]).join(' ');
  } catch (error) {
    return (error as { code?: string }).code ?? `${error}`;
  }
}

/** Runs `main` on a host of its own, with its options. */
async function onClient(
  prepare: (world: World) => void,
  main: (world: World) => Promise<void>,
  options?: HostOptions,
): Promise<void> {
  await simulate(async (world) => {
    prepare(world);
    await sleep(1);
    await world.ended(world.host('client', async () => main(world), options));
  });
}

behaviour('world.resolve()', (it) => {
  it('moves a name from one host to another, and back', async () => {
    const seen: string[] = [];
    await onClient(
      (world) => {
        addServer(world, 'one');
        addServer(world, 'two');
      },
      async (world) => {
        seen.push(await answer('db'));
        world.resolve('db', '10.0.0.2');
        seen.push(await answer('db'));
        world.resolve('db', ['10.0.0.3']);
        seen.push(await answer('db'));
        world.resolve('one', '10.0.0.3');
        seen.push(await answer('one'));
        world.resolve('one');
        seen.push(await answer('one'));
        world.resolve('db');
        seen.push(await answer('db'));
      },
    );
    assert.equal(seen, [
      'ENOTFOUND',
      'one: 10.0.0.4 10.0.0.2',
      'two: 10.0.0.4 10.0.0.3',
      'two: 10.0.0.4 10.0.0.3',
      'one: 10.0.0.4 10.0.0.2',
      'ENOTFOUND',
    ]);
  });

  it('returns several addresses in their order, as systems print them', async () => {
    await onClient(
      (world) => world.resolve('db', ['10.0.0.9', 'FD00:0::2', '10.1']),
      async () => {
        assert.is(await lookUp('db'), '10.0.0.9 fd00::2 10.0.0.1');
        assert.is(await lookUp('db', socket.AF_INET), '10.0.0.9 10.0.0.1');
        assert.is(await lookUp('db', socket.AF_INET6), 'fd00::2');
      },
    );
  });

  it('can make a name fail', async () => {
    await onClient(
      (world) => addServer(world, 'db'),
      async (world) => {
        for (const [to, code] of [
          ['EAI_AGAIN', 'EAI_AGAIN'],
          ['EAI_FAIL', 'EAI_FAIL'],
          ['EAI_NONAME', 'ENOTFOUND'],
          ['ENOTFOUND', 'ENOTFOUND'],
        ] as const) {
          world.resolve('db', to);
          assert.is(await lookUp('db'), code);
        }
        world.resolve('db', []);
        assert.is(await lookUp('db'), 'ENOTFOUND');
      },
    );
  });

  it('ignores case and a final dot, as look-ups do', async () => {
    await onClient(
      (world) => world.resolve('DB.Example.', '10.0.0.9'),
      async (world) => {
        assert.is(await lookUp('db.example'), '10.0.0.9');
        assert.is(await lookUp('Db.EXAMPLE.'), '10.0.0.9');
        world.resolve('db.example');
        assert.is(await lookUp('db.example'), 'ENOTFOUND');
      },
    );
  });

  it('adds a line to the trace', async () => {
    const { trace } = await simulate(async (world) => {
      world.resolve('db', ['10.0.0.9', '::5']);
      world.resolve('db', 'EAI_AGAIN');
      world.resolve('db');
    });
    const lines = trace.match(/db resolves to .*/g);
    assert.equal(lines, [
      'db resolves to 10.0.0.9, ::5',
      'db resolves to EAI_AGAIN',
      'db resolves to its host',
    ]);
  });

  it('refuses invalid names and addresses, and changes nothing', async () => {
    await onClient(
      (world) => world.resolve('db', '10.0.0.9'),
      async (world) => {
        const cases: [name: unknown, to: unknown, message: string][] = [
          ['db', 'elsewhere', "to must be an IP address, got 'elsewhere'"],
          ['db', ['10.0.0.8', ''], "to must be an IP address, got ''"],
          ['db', 'EAI_WRONG', "to must be an IP address, got 'EAI_WRONG'"],
          ['db', 'ECONNRESET', "to must be an IP address, got 'ECONNRESET'"],
          ['db', null, 'to must be an IP address, got None'],
          ['db', 5, 'to must be an IP address, got 5'],
          ['10.0.0.9', '10.0.0.8', "name must be the name of a host, got '10.0.0.9'"],
          ['::1', '10.0.0.8', "name must be the name of a host, got '::1'"],
          [5, '10.0.0.8', 'name must be the name of a host, got 5'],
        ];
        for (const [name, to, message] of cases)
          assert.throws(
            () => world.resolve(name as string, to as string),
            (error: unknown) => {
              assert.instance(error, TypeError);
              assert.is((error as Error).message, message);
              return true;
            },
          );
        assert.is(await lookUp('db'), '10.0.0.9');
      },
    );
  });
});

behaviour('A simulated host with IPv6', (it) => {
  it('is found by its name at both addresses, IPv6 first if it is reachable', async () => {
    const seen: string[] = [];
    const server = (world: World) => addServer(world, 'db', { address6: 'FD00:0::2' });
    const main = async (world: World): Promise<void> => {
      seen.push(`${world.hosts[0]?.address6}`, await lookUp('db'), await answer('db'));
    };
    await onClient(server, main, { address6: 'fd00::9' });
    await onClient(server, main);
    assert.equal(seen, [
      'fd00::2',
      'fd00::2 10.0.0.2',
      'db: fd00::9 fd00::2',
      'fd00::2',
      '10.0.0.2 fd00::2',
      'db: 10.0.0.3 10.0.0.2',
    ]);
  });

  it('is tried at its other address if nothing listens at the first', async () => {
    await onClient(
      (world) => addServer(world, 'db', { address6: 'fd00::2' }, '0.0.0.0'),
      async () => assert.is(await answer('db'), 'db: 10.0.0.3 10.0.0.2'),
      { address6: 'fd00::9' },
    );
  });

  it('cannot be reached over IPv6 by a host without IPv6', async () => {
    await onClient(
      (world) => addServer(world, 'db', { address6: 'fd00::2' }),
      async () => assert.is(await answer('fd00::2'), 'ENETUNREACH'),
    );
  });

  it('can be reached over IPv6 however the address is written', async () => {
    await onClient(
      (world) => addServer(world, 'db', { address6: 'fd00::2' }, 'fd00::2'),
      async () => {
        assert.is(await answer('FD00:0:0::0002'), 'db: fd00::9 fd00::2');
        assert.is(await answer('10.0.0.2'), 'ECONNREFUSED');
        assert.is(await answer('fd00::3'), 'EHOSTUNREACH');
      },
      { address6: 'fd00::9' },
    );
  });

  it('reaches itself at all of its addresses', async () => {
    await simulate(async (world) => {
      const seen: string[] = [];
      const db = addServer(world, 'db', { address6: 'fd00::2' });
      await sleep(1);
      // On the loop of the server's host.
      world.host('other', () => sleep(0), { address6: 'fd00::9' });
      db.loop.callSoon(async () => {
        for (const host of ['127.0.0.1', '::1', '10.0.0.2', 'fd00::2', 'localhost'])
          seen.push(await answer(host));
      });
      await world.eventually(() => seen.length === 5, 60);
      assert.equal(seen, [
        'db: 127.0.0.1 127.0.0.1',
        'db: ::1 ::1',
        'db: 10.0.0.2 10.0.0.2',
        'db: fd00::2 fd00::2',
        'db: ::1 ::1',
      ]);
    });
  });

  for (const [family, any, server, client] of [
    ['IPv4', '0.0.0.0', '10.0.0.2', '10.0.0.3'],
    ['IPv6', '::', 'fd00::2', 'fd00::9'],
  ] as const)
    it(`exchanges datagrams over ${family}, whose senders can be answered`, async () => {
      const seen: unknown[] = [];
      class Echo extends DatagramProtocol {
        #transport: DatagramTransport | undefined;
        override connectionMade(transport: DatagramTransport): void {
          this.#transport = transport;
        }
        override datagramReceived(data: Buffer, address: Address): void {
          seen.push(`${data} from ${address[0]}`);
          if (`${data}` === 'ping') this.#transport?.sendto(Buffer.from('pong'), address);
        }
      }
      await onClient(
        (world) => {
          world.host(
            'server',
            async () => {
              await getRunningLoop().createDatagramEndpoint(() => new Echo(), {
                localAddr: [any, 53],
              });
              await sleep(10);
            },
            { address6: 'fd00::2' },
          );
        },
        async () => {
          const [transport] = await getRunningLoop().createDatagramEndpoint(() => new Echo(), {
            remoteAddr: [server, 53],
          });
          transport.sendto(Buffer.from('ping'));
          await sleep(1);
          transport.close();
        },
        { address6: 'fd00::9' },
      );
      assert.equal(seen, [`ping from ${client}`, `pong from ${server}`]);
    });

  it('is separated from others by a partition whatever the family', async () => {
    await onClient(
      (world) => addServer(world, 'db', { address6: 'fd00::2' }),
      async (world) => {
        world.partition('client', 'db');
        getRunningLoop().callLater(10, () => world.heal());
        assert.is(await answer('fd00::2'), 'db: fd00::9 fd00::2');
        assert.ok(world.time() > 10);
      },
      { address6: 'fd00::9' },
    );
  });
});

behaviour('The addresses of simulated hosts', (it) => {
  it('cannot be bound by a name that has none of that family', async () => {
    await onClient(
      () => {},
      async () => {
        const sock = socket.socket(socket.AF_INET6);
        for (const [name, message] of [
          ['client', '[Errno -5] No address associated with hostname'],
          ['nobody', '[Errno -2] Name or service not known'],
        ] as const)
          throws(() => sock.bind([name, 0]), socket.gaierror, { code: 'ENOTFOUND', message });
        sock.close();
      },
    );
  });

  it('are bound by name, immediately', async () => {
    await onClient(
      () => {},
      async () => {
        for (const [family, host] of [
          [socket.AF_INET, '10.0.0.2'],
          [socket.AF_INET6, 'fd00::9'],
        ] as const) {
          const sock = socket.socket(family);
          sock.bind(['client', 0]);
          assert.is(sock.getsockname()[0], host);
          sock.close();
        }
      },
      { address6: 'fd00::9' },
    );
  });

  it('default to the next free ones', async () => {
    await simulate(async (world) => {
      world.host('a', () => sleep(0), { address: '10.0.0.3', address6: 'fd00::3' });
      for (const name of ['b', 'c']) world.host(name, () => sleep(0));
      assert.equal(
        world.hosts.map(({ address }) => address),
        ['10.0.0.3', '10.0.0.2', '10.0.0.4'],
      );
    });
  });

  it('are validated before anything is changed', async () => {
    await simulate(async (world) => {
      world.host('a', () => sleep(0), { address6: 'fd00::2' });
      const cases: [options: object, message: string][] = [
        [{ address: 'db' }, "address must be an IPv4 address, got 'db'"],
        [{ address: '' }, "address must be an IPv4 address, got ''"],
        [{ address: 7 }, 'address must be an IPv4 address, got 7'],
        [{ address: 'fd00::1' }, "address must be an IPv4 address, got 'fd00::1'"],
        [{ address6: '' }, "address6 must be an IPv6 address, got ''"],
        [{ address6: '10.0.0.9' }, "address6 must be an IPv6 address, got '10.0.0.9'"],
        [{ address6: null }, 'address6 must be an IPv6 address, got None'],
        [{ address: '10.2' }, 'there is already a host with the address 10.0.0.2'],
        [{ address: '127.0.0.1' }, 'there is already a host with the address 127.0.0.1'],
        [{ address: '0.0.0.0' }, 'there is already a host with the address 0.0.0.0'],
        [{ address6: 'FD00::2' }, 'there is already a host with the address fd00::2'],
        [{ address6: '::1' }, 'there is already a host with the address ::1'],
      ];
      for (const [options, message] of cases)
        assert.throws(
          () => world.host('b', () => sleep(0), options),
          (error: unknown) => {
            assert.is((error as Error).message, message);
            return true;
          },
        );
      assert.is(world.host('b', () => sleep(0)).address, '10.0.0.3');
    });
  });
});
