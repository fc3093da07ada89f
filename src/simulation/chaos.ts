import { Random } from './clock/random.ts';
import type { Scheduler } from './clock/scheduler.ts';
import { DRAWN_RATES, type Faults } from './network/faults.ts';
import type { Kernel } from './network/network.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** What faults can affect. */
export interface ChaosWorld {
  readonly faults: Faults;
  readonly scheduler: Scheduler;
  readonly hosts: ReadonlyMap<string, SimulatedHost>;
  kernelOf(host: SimulatedHost): Kernel;
  readonly world: {
    reset(a: SimulatedHost, b: SimulatedHost): void;
  };
  part(a: SimulatedHost, b: SimulatedHost, by: object): void;
  heal(a: SimulatedHost, b: SimulatedHost, by: object): void;
}

const MINUTE = 60;

type Kind = (typeof DRAWN_RATES)[number];

/** Draws random faults from the seed. */
export class Chaos {
  readonly #run: ChaosWorld;
  readonly #seed: string;

  constructor(run: ChaosWorld, seed: string) {
    this.#run = run;
    this.#seed = seed;
  }

  start(): void {
    for (const kind of DRAWN_RATES) {
      const rate = this.#run.faults.weights[kind];
      // Each kind has its own random numbers, so that its times do not depend on the other kinds.
      if (rate > 0) this.#next(kind, rate, new Random(`${this.#seed}/${kind}`));
    }
  }

  #next(kind: Kind, rate: number, random: Random): void {
    const { scheduler, faults } = this.#run;
    scheduler.background(random.between(0, (2 * MINUTE) / rate), () => {
      if (!faults.on) return;
      this.#next(kind, rate, random);
      this.#inject(kind, random);
    });
  }

  #inject(kind: Kind, random: Random): void {
    const { faults, scheduler, world } = this.#run;
    const hosts = [...this.#run.hosts.values()];
    const host = hosts[random.below(hosts.length)];
    const others = hosts.filter((other) => other !== host);
    const other = others[random.below(others.length)];
    const share = random.next();
    if (host?.state !== 'up') return;
    if (kind === 'freeze') {
      const seconds = 2 * share;
      if (faults.occurs(kind, `${host.name} for ${seconds.toFixed(3)} s`)) host.freeze(seconds);
    } else if (kind === 'descriptors') {
      const seconds = 5 * share;
      const { descriptors } = this.#run.kernelOf(host);
      // A host that has none open may be starting.
      if (descriptors.open.size === 0) return;
      if (!faults.occurs(kind, `${host.name} for ${seconds.toFixed(3)} s`)) return;
      const shortage = {};
      descriptors.shortages.add(shortage);
      scheduler.in(seconds, () => void descriptors.shortages.delete(shortage));
    } else if (kind === 'crash' || kind === 'power') {
      const seconds = 5 * share;
      if (!faults.occurs(kind, `${host.name}, back in ${seconds.toFixed(3)} s`)) return;
      if (kind === 'power') host._losePower('crashed');
      else host.crash();
      const { _starts } = host;
      // Unless the program has restarted it meanwhile.
      scheduler.in(seconds, () => {
        if (host._starts === _starts && host.state === 'crashed' && faults.on) host.restart();
      });
    } else if (other === undefined) return;
    else if (kind === 'reset') {
      if (faults.occurs(kind, `${host.name} ↔ ${other.name}`)) world.reset(host, other);
    } else {
      const seconds = 10 * share;
      if (!faults.occurs(kind, `${host.name} ↔ ${other.name} for ${seconds.toFixed(3)} s`)) return;
      const partition = {};
      this.#run.part(host, other, partition);
      scheduler.in(seconds, () => this.#run.heal(host, other, partition));
    }
  }
}
