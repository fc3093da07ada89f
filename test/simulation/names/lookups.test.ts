/** A look-up on a simulated host ends as one on a real host does: with the same class, code, number and text. */
import * as assert from 'uvu/assert';
import { getRunningLoop } from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { simulate } from '../../../src/testing.ts';
import { behaviour } from '../../support/behaviour.ts';
import { NAMES, playLookups } from './lookup-cases.ts';
import { recorded } from './recorded.ts';

behaviour('A look-up on a simulated host', (it) => {
  it('ends as on a real one', async () => {
    let seen: Record<string, string> = {};
    await simulate(async (world) => {
      for (const [name, to = 'EAI_AGAIN'] of Object.entries(NAMES)) world.resolve(name, to);
      const client = world.host('client', async () => {
        seen = await playLookups(undefined);
      });
      await world.ended(client);
    });

    assert.equal(seen, recorded);
  });

  it('is a temporary failure if it is hit by a fault of the weight lookup', async () => {
    const { faults } = await simulate(
      async (world) => {
        world.host('db', async () => {});
        const client = world.host('client', async () => {
          for (const call of [
            () => getRunningLoop().getaddrinfo('db', 80),
            () => getRunningLoop().getnameinfo(['10.0.0.2', 80]),
          ]) {
            const error = await Promise.resolve(call()).catch((error: unknown) => error);
            assert.instance(error, socket.gaierror);
            const { code, errno, message } = error as socket.gaierror;
            assert.equal(
              `${code} ${errno} ${message}`,
              recorded['getaddrinfo failing.test, port 80, family 0']
                ?.replace('gaierror ', '')
                .replace(' getaddrinfo:', ''),
            );
          }
        });
        await world.ended(client);
      },
      { faults: { lookup: 1 } },
    );
    assert.is(faults.length, 2);
  });

  it('finds the name of an address, and that of its own host', async () => {
    const seen: unknown[] = [];
    await simulate(async (world) => {
      world.host('db.example', async () => {}, { address6: 'fd00::2' });
      const client = world.host('client', async () => {
        const loop = getRunningLoop();
        for (const address of ['10.0.0.2', 'fd00::2', '10.0.0.3', '127.0.0.1', '10.9.9.9'])
          seen.push(`${await loop.getnameinfo([address, 80])}`);
        seen.push(await socket.gethostbyaddr('db.example'), await socket.getfqdn('10.0.0.2'));
        seen.push(await socket.getfqdn(), socket.gethostname());
      });
      await world.ended(client);
    });

    assert.equal(seen, [
      ...['db.example', 'db.example', 'client', 'localhost', '10.9.9.9'].map(
        (name) => `${name},http`,
      ),
      ['db.example', [], ['10.0.0.2']],
      'db.example',
      'client',
      'client',
    ]);
  });
});
