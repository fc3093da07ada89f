import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LONGEST_TIMER_MS } from '../base/constants.ts';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../base/node-timers.ts';
import { PART, type Part, type RunMessage } from '../simulation/part.ts';
import { Failure } from './process/failure.ts';
import { sequenceDiagram } from './sequence-diagram.ts';

/** The options of `asyncio-ts simulate`. */
export interface SimulateOptions extends Omit<Part, 'job'> {
  readonly file: string;
  /** How long a run may take in real time, in seconds. */
  readonly timeout: number;
  /** The file for a diagram of a failing run. */
  readonly svg: string | undefined;
}

/** How often progress is shown, in milliseconds: in a terminal, and otherwise. */
const OFTEN = 100;
const SELDOM = 5000;
/** How long the program may run outside of a simulation before a warning, in milliseconds. */
const WARN_AFTER = 10_000;

/**
 * Runs a program that calls `simulate()` in child processes, each with its share of the seeds, until a run fails.
 *
 * @returns the exit status: 0 if all runs passed
 * @throws {Failure} when the program cannot be run, ends early, hangs, or does not call `simulate()`
 */
export async function simulateFile({
  file,
  svg,
  timeout,
  ...options
}: SimulateOptions): Promise<number> {
  const flags = flagsFor(file);
  const folder = dirname(svg ?? '');
  if (!existsSync(folder)) throw new Failure(`no such folder: ${folder}`);
  // A single seed needs only one process.
  const jobs = process.env['SIMULATION_SEED'] ? 1 : options.jobs;
  const children: ChildProcess[] = [];
  const progress = new Progress();
  let failing: number | string | undefined;
  let failed: Extract<RunMessage, { failed: string }> | undefined;
  let stopped = 0;
  const stopAll = (signal: NodeJS.Signals, but?: ChildProcess): void => {
    for (const child of children) if (child !== but) child.kill(signal);
  };
  const stop = (status: number) => (): void => {
    stopAll(stopped === 0 ? 'SIGTERM' : 'SIGKILL');
    stopped = status;
  };
  const [interrupt, terminate] = [stop(130), stop(143)];
  process.on('SIGINT', interrupt).on('SIGTERM', terminate);
  const run = async (job: number): Promise<void> => {
    const part: Part = { ...options, job, jobs };
    const child = spawn(process.execPath, [...flags, file], {
      // Only the command receives Ctrl-C; it ends its children.
      detached: true,
      env: { ...process.env, [PART]: JSON.stringify(part) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.push(child);
    // The seed of the current run.
    let seed: number | string | undefined;
    let hangs = false;
    const timer = setTimeout(
      () => {
        hangs = seed !== undefined;
        if (hangs) child.kill('SIGKILL');
      },
      Math.min(timeout * 1000, LONGEST_TIMER_MS),
    );
    const warning = setTimeout(
      () => {
        if (seed === undefined)
          progress.say(`${file} runs no simulation: perhaps a timer or a server keeps it alive`);
      },
      Math.min(timeout * 1000, WARN_AFTER),
    );
    child.on('message', (message: RunMessage) => {
      timer.refresh();
      warning.refresh();
      if ('starts' in message) seed = message.starts;
      else if ('differs' in message) {
        if (message.differs !== '') progress.say(`seed ${seed}: ${message.differs}`);
      } else if ('begins' in message) progress.begins(job, message.begins);
      else if ('passed' in message) {
        seed = undefined;
        progress.passed(message.passed);
      } else if ('failed' in message) {
        failed = message;
        child.kill('SIGKILL');
      } else if (failing === undefined) {
        failing = message.failing;
        progress.say(`seed ${failing} fails; looking for fewer faults`);
        stopAll('SIGKILL', child);
      }
    });
    const [status, signal] = await once(child, 'exit');
    clearTimeout(timer);
    clearTimeout(warning);
    if (hangs) {
      stopAll('SIGKILL');
      throw new Failure(`the run with seed ${seed} took more than ${timeout} s; see --timeout`);
    }
    if (failing !== undefined || stopped !== 0 || status === 0) return;
    stopAll('SIGKILL');
    throw new Failure(`${file} ended with ${signal ?? `status ${status}`}`);
  };
  try {
    await Promise.all(Array.from({ length: jobs }, async (_, job) => await run(job)));
  } finally {
    progress.end();
    process.off('SIGINT', interrupt).off('SIGTERM', terminate);
  }
  if (failed !== undefined) {
    console.log(failed.failed);
    if (svg !== undefined) writeFileSync(svg, sequenceDiagram(failed.failed, failed.entries));
    return 1;
  }
  if (stopped !== 0) return stopped;
  if (failing !== undefined) throw new Failure(`${file} ended although seed ${failing} fails`);
  progress.check(file);
  return 0;
}

/** Node's arguments to run a file: TypeScript runs with tsx if the file's project has it, or with Node itself. */
function flagsFor(file: string): string[] {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new Failure(`no such file: ${file}`);
  if (!/\.[cm]?tsx?$/.test(file)) return [];
  try {
    const tsx = createRequire(resolve(file)).resolve('tsx');
    return ['--import', pathToFileURL(tsx).href];
  } catch {
    const strips = '--experimental-strip-types';
    if ((process.features as { typescript?: unknown }).typescript) return [];
    if (process.allowedNodeEnvironmentFlags.has(strips))
      return [strips, '--disable-warning=ExperimentalWarning'];
    throw new Failure(`Node ${process.version} cannot run TypeScript: install tsx to run ${file}`);
  }
}

/** Prints its progress to standard error. */
class Progress {
  readonly #isTerminal = process.stderr.isTTY;
  readonly #timer = setInterval(() => this.#show(), this.#isTerminal ? OFTEN : SELDOM);
  readonly #wanted: number[] = [];
  #passed = 0;
  #time = 0;
  #shown = '';

  /** @throws {Failure} when runs are missing */
  check(file: string): void {
    const total = this.#total;
    if (total === 0) throw new Failure(`${file} does not call simulate()`);
    if (this.#passed < total)
      throw new Failure(`${file} ended after ${this.#passed} of ${total} runs`);
  }

  /** The progress of all processes, which share the runs of each `simulate()` call. */
  get #total(): number {
    return Math.max(0, ...this.#wanted.filter(Boolean));
  }

  /** A process has called `simulate()`, perhaps not for the first time. */
  begins(job: number, runs: number): void {
    this.#wanted[job] = (this.#wanted[job] ?? 0) + runs;
  }

  /** @param time - in simulated seconds */
  passed(time: number): void {
    this.#passed += 1;
    this.#time += time;
  }

  say(text: string): void {
    this.#show();
    process.stderr.write(`${this.#isTerminal ? '\n' : ''}simulate: ${text}\n`);
    if (this.#isTerminal) this.#shown = '';
  }

  end(): void {
    clearInterval(this.#timer);
    this.#show();
    if (this.#isTerminal && this.#shown !== '') process.stderr.write('\n');
    this.#shown = '';
  }

  #show(): void {
    const total = this.#total;
    const hours = (this.#time / 3600).toFixed(1);
    const text = `simulate: ${Math.min(this.#passed, total)} of ${total} runs passed, ${hours} simulated hours`;
    if (total === 0 || text === this.#shown) return;
    process.stderr.write(this.#isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
    this.#shown = text;
  }
}
