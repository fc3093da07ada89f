import type { Figures, ServerFigure } from './figures.ts';
import { ClientError, LoadClient } from './load-client.ts';
import type { WireName } from './loads.ts';
import { measureMicro, measureServer } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { Progress } from './progress.ts';
import { StartError } from './server.ts';
import { type Command, micros, type Subject } from './subjects.ts';

/** A subject that is available. */
interface Found {
  readonly name: string;
  readonly command: Command;
}

/** A run of the benchmark: each round measures everything once, in turn. */
export class Bench {
  readonly figures: Figures = { servers: [], micro: [], leftOut: [] };
  /** Has anything failed that had started? */
  broken = false;
  readonly #options: BenchOptions;
  readonly #subjects: readonly Subject[];
  readonly #progress: Progress = new Progress();

  /** @param subjects - the servers to measure */
  constructor(options: BenchOptions, subjects: readonly Subject[]) {
    this.#options = options;
    this.#subjects = subjects;
  }

  /**
   * @returns how the client connects to the servers; `undefined` if there is none
   * @throws {ClientError} if a client is required and does not start
   */
  async run(): Promise<WireName | undefined> {
    const { loads, client: wanted } = this.#options;
    const client = loads.length > 0 ? await LoadClient.start(wanted) : undefined;
    try {
      await this.#rounds(client);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.broken = true;
      this.#leaveOut('the rest', error.message);
    }
    client?.end();
    this.#progress.done();
    sort(this.figures.servers, this.#subjects, ({ server }) => server);
    sort(this.figures.micro, micros, ({ program }) => program);
    return client?.wire;
  }

  async #rounds(client: LoadClient | undefined): Promise<void> {
    const { rounds, micro } = this.#options;
    let found = client === undefined ? [] : this.#find(this.#subjects);
    let programs = micro ? this.#find(micros) : [];
    for (let round = 1; round <= rounds; round += 1) {
      if (client !== undefined)
        found = await this.#each(found, round, (subject) =>
          this.#measureServer(client, subject, round),
        );
      programs = await this.#each(programs, round, async ({ name, command }) => {
        this.#progress.detail('without sockets');
        this.figures.micro.push({ round, program: name, costs: await measureMicro(command) });
      });
    }
  }

  async #measureServer(client: LoadClient, { name, command }: Found, round: number): Promise<void> {
    const { loads, leavers, seconds, others } = this.#options;
    const say = (load: string): void => this.#progress.detail(load);
    const measurement = { name, command, loads, leavers, seconds, round };
    for await (const figure of measureServer(client, measurement, say)) {
      if (figure.others > others)
        this.#leaveOut(`${name}, ${figure.load}, round ${round}`, busy(figure));
      else this.figures.servers.push(figure);
    }
  }

  /** @returns the subjects that did not fail: the others are left out of further rounds */
  async #each(
    subjects: readonly Found[],
    round: number,
    measure: (subject: Found) => Promise<void>,
  ): Promise<Found[]> {
    const { rounds } = this.#options;
    const failed = new Set<Found>();
    for (const subject of reordered(subjects, round, rounds)) {
      this.#progress.step(`round ${round} of ${rounds}: ${subject.name}`);
      try {
        await measure(subject);
      } catch (error) {
        if (error instanceof ClientError) throw error;
        failed.add(subject);
        this.broken ||= !(error instanceof StartError);
        this.#leaveOut(subject.name, (error as Error).message);
      }
    }
    return subjects.filter((subject) => !failed.has(subject));
  }

  #find(subjects: readonly Subject[]): Found[] {
    return subjects.flatMap(({ name, find }) => {
      const command = find();
      if (!('missing' in command)) return [{ name, command }];
      this.#leaveOut(name, command.missing);
      return [];
    });
  }

  #leaveOut(name: string, why: string): void {
    this.figures.leftOut.push({ name, why });
    this.#progress.note(`left out: ${name}: ${why}`);
  }
}

function busy({ others }: ServerFigure): string {
  return `the machine was busy: others used ${(others * 100).toFixed(0)} % of a processor`;
}

/** A different order in each round, so that other load on the machine affects all alike. */
function reordered<Value>(values: readonly Value[], round: number, rounds: number): Value[] {
  const at = Math.floor((values.length * (round - 1)) / rounds);
  const rotated = [...values.slice(at), ...values.slice(0, at)];
  return round % 2 === 1 ? rotated : rotated.reverse();
}

/** Sorts figures by the order of their subjects. */
function sort<Figure>(
  figures: Figure[],
  subjects: readonly Subject[],
  nameOf: (figure: Figure) => string,
): void {
  const place = (figure: Figure): number =>
    subjects.findIndex(({ name }) => name === nameOf(figure));
  figures.sort((one, other) => place(one) - place(other));
}
