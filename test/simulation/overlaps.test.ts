/** Faults of one kind that overlap: each lasts as long as it was drawn, whatever ends before it. */
import * as assert from 'uvu/assert';
import { DatagramProtocol, getRunningLoop, sleep } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { type RunResult, type SimulatedHost, simulate, type World } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { codeOf } from './echo-host.ts';

/** When each fault began and ended, as it was drawn. */
function spans({ faults }: RunResult): (readonly [from: number, to: number])[] {
  return faults.map(({ time, what }) => [
    time,
    time + Number(/(?:for|back in) (\d+\.\d+) s$/.exec(what)?.[1]),
  ]);
}

/** Do any two overlap so that the later one also ends later? */
function overlap(all: ReturnType<typeof spans>): boolean {
  return all.some(([from, to]) =>
    all.some(([first, last]) => first < from && from < last && last < to),
  );
}

/** Is a moment in a span? `undefined` at its edges, where a packet may be on its way, or a timer late. */
function within(all: ReturnType<typeof spans>, moment: number): boolean | undefined {
  const edge = 0.02;
  if (all.some(([from, to]) => from + edge < moment && moment < to - edge)) return true;
  return all.some(([from, to]) => from - edge < moment && moment < to + edge) ? undefined : false;
}

/** Checks whether what was possible at each moment agrees with the faults. */
function compare(
  result: RunResult,
  moments: readonly (readonly [time: number, works: boolean])[],
): void {
  const all = spans(result);
  assert.ok(overlap(all));
  for (const [time, works] of moments)
    assert.is.not(within(all, time), works, `${works ? 'no fault' : 'a fault'} at ${time}`);
}

behaviour('Overlapping faults', (it) => {
  it('descriptors: stay scarce until the last one ends', async () => {
    const moments: [number, boolean][] = [];
    const result = await simulate(
      async (world) => {
        const host = world.host('a', async () => {
          const kept = socket.socket();
          while (world.time() < 60) {
            const code = await codeOf(async () => socket.socket().close());
            moments.push([world.time(), code === 'none']);
            await sleep(0.05);
          }
          kept.close();
        });
        await world.ended(host);
      },
      { faults: { descriptors: 20 } },
    );
    compare(result, moments);
  });

  it('freeze: hosts continue when the last one ends', async () => {
    const moments: [number, boolean][] = [];
    const result = await simulate(
      async (world) => {
        const host = world.host('a', async () => {
          while (world.time() < 60) {
            moments.push([world.time(), true]);
            await sleep(0.05);
          }
        });
        await world.ended(host);
      },
      { faults: { freeze: 40 } },
    );
    compare(result, moments);
  });

  const ticks = async (world: World): Promise<(readonly [number, boolean])[]> => {
    const heard = new Set<string>();
    const sent: number[] = [];
    world.host('a', async () => {
      class Receiver extends DatagramProtocol {
        override datagramReceived(data: Uint8Array): void {
          heard.add(`${Buffer.from(data)}`);
        }
      }
      await getRunningLoop().createDatagramEndpoint(() => new Receiver(), {
        localAddr: ['0.0.0.0', 9],
      });
      await sleep(100);
    });
    const sender = world.host('b', async () => {
      const sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);
      while (world.time() < 60) {
        await sleep(0.05);
        sent.push(world.time());
        sock.sendto(Buffer.from(`${sent.length}`), ['a', 9]);
      }
      sock.close();
    });
    await world.ended(sender);
    await sleep(1);
    return sent.map((time, at) => [time, heard.has(`${at + 1}`)]);
  };

  it('partition: two hosts reach each other when the last one ends', async () => {
    let moments: Awaited<ReturnType<typeof ticks>> = [];
    const result = await simulate(
      async (world) => {
        moments = await ticks(world);
      },
      { faults: { partition: 10 } },
    );
    compare(result, moments);
  });

  it('partition: one made by the program continues when a drawn one ends; heal() ends all', async () => {
    const healed = 50;
    let moments: Awaited<ReturnType<typeof ticks>> = [];
    const result = await simulate(
      async (world) => {
        world.host('heals', async () => {
          await sleep(1);
          world.partition('a', 'b');
          await sleep(healed - world.time());
          world.heal('a', 'b');
        });
        moments = await ticks(world);
      },
      { faults: { partition: 10 }, seed: 3 },
    );
    assert.ok(result.faults.some(({ what }) => /^(a ↔ b|b ↔ a)/.test(what)));
    for (const [time, works] of moments)
      if (time > 1.1 && time < healed) assert.not(works, `${time}`);
    const later = spans(result).filter(([from]) => from > healed);
    for (const [time, works] of moments)
      if (time > healed + 0.1 && within(later, time) === false) assert.ok(works, `${time}`);
  });

  for (const kind of ['crash', 'power'] as const)
    it(`${kind}: a host that the program restarted is not restarted for an earlier one`, async () => {
      const downs: [from: number, to: number][] = [];
      const byHand = async (world: World, host: SimulatedHost): Promise<void> => {
        for (let n = 0; world.time() < 300; n += 1) {
          await world.eventually(() => host.state === 'crashed', 1000);
          const from = world.time();
          // Every other time.
          if (n % 2 === 0) host.restart();
          await world.eventually(() => host.state === 'up');
          downs.push([from, world.time()]);
        }
      };
      const result = await simulate(
        async (world) => {
          await byHand(
            world,
            world.host('a', () => sleep(1e6)),
          );
        },
        { faults: { [kind]: 30 } },
      );
      const all = spans(result);
      assert.ok(overlap(all));
      for (const [n, [from, to]] of downs.entries()) {
        const drawn = all.find(([time]) => Math.abs(time - from) < 1e-5);
        assert.ok(n % 2 === 0 ? to === from : Math.abs(to - (drawn?.[1] ?? 0)) < 0.001, `${from}`);
      }
    });
});
