import { stackOf } from '../base/stacks/error-report.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { openLoops } from '../inspect/snapshot/open-loops.ts';
import type { Fault } from './network/faults.ts';
import { labelOf, type TraceEntry } from './network/trace.ts';
import { SimulationError } from './simulation-error.ts';

/** The outcome of one run. */
export interface RunResult {
  /** Its seed. */
  readonly seed: number | string;
  /** How long it took, in simulated seconds. */
  readonly time: number;
  /** The number of steps. */
  readonly steps: number;
  /** The number of messages that hosts sent to each other. */
  readonly messages: number;
  /** The number of bytes in them. */
  readonly bytes: number;
  /** The faults that occurred. */
  readonly faults: readonly Fault[];
  /** A digest of the run. The same program with the same seed has the same one. */
  readonly digest: string;
  /** What was sent, as a sequence diagram. */
  readonly trace: string;
  /** @internal the newest entries of the trace */
  readonly _entries: readonly TraceEntry[];
}

/** What the error says about a run. */
export interface RunReport {
  readonly seed: number | string;
  readonly time: number;
  readonly step: number;
  readonly what: string;
  readonly error: unknown;
  readonly faults: readonly Fault[];
  readonly trace: string;
  readonly _entries: readonly TraceEntry[];
  readonly digest: string;
}

/** Where a second run with the same seed differs, as a line for the message; empty if it does not. */
export function differenceOf(report: RunResult | RunReport, again: RunResult | RunReport): string {
  if (report.digest === again.digest) return '';
  const [one, other] = [report, again].map(({ _entries }) => _entries.map(printEntry));
  const at = one?.findIndex((line, index) => line !== other?.[index]) ?? -1;
  const where = at < 0 ? '' : `, from here on:\n  ${one?.[at]}\n  ${other?.[at] ?? 'the end'}`;
  return (
    'The same seed gave another run the second time: the program depends on something that is not ' +
    `simulated, such as Date, node:crypto, a file, a thread or an earlier run${where}`
  );
}

function printEntry(entry: TraceEntry): string {
  const { time, from, to } = entry;
  return `${time.toFixed(6)}  ${from}${to === '' ? '' : ` → ${to}`}: ${labelOf(entry)}`;
}

/** The most faults that are shown: the newest. */
const MOST_FAULTS = 50;

/** The error of a run that failed. */
export function simulationError(
  report: RunReport,
  drawn: number,
  difference: string,
): SimulationError {
  const { seed, time, step, what, error, faults, trace } = report;
  const list = faults
    .slice(-MOST_FAULTS)
    .map((each) => `  ${each.time.toFixed(6)}  ${each.name}: ${each.what}`);
  const shrunk = drawn > faults.length ? `, of ${drawn} that were drawn` : '';
  const only = faults.length > 0 ? ` SIMULATION_FAULTS=${faults.map((each) => each.name)}` : '';
  const again = drawn > faults.length ? only || ' SIMULATION_FAULTS=none' : '';
  const lines = [
    `${what}, with seed ${seed}, ${time.toFixed(6)} s into the simulation, at step ${step}`,
    typeof error === 'object' && error !== null ? stackOf(error) : `${error}`,
    '',
    faults.length === 0 ? `no faults${shrunk}` : `faults${shrunk}:`,
    ...list,
    '',
    trace,
    '',
    ...(difference === '' ? [] : [difference, '']),
    `run it again: SIMULATION_SEED=${seed}${again}`,
  ];
  return new SimulationError(lines.join('\n'), error, seed, faults, trace);
}

/** What each task waits for, and where, one line per task. */
export async function describeTasks(
  nameOf: (loop: LoopCore) => string | undefined,
): Promise<string> {
  const { takeSnapshot } = await import('../inspect/on-demand.ts');
  // A snapshot has them in this order.
  const hosts = openLoops().map(nameOf);
  const { loops } = await takeSnapshot();
  return loops
    .flatMap((loop, at) => {
      const host = hosts[at];
      return loop.tasks.map((task) => {
        const waits = task.waits.map(({ words, stack: [top] }) =>
          top === undefined ? words : `${words}, at ${top.name} (${top.file}:${top.line})`,
        );
        const where = waits.join('; ') || 'a promise that asyncio-ts did not create';
        return `  ${host === undefined ? '' : `${host}: `}${task.name} waits for ${where}`;
      });
    })
    .join('\n');
}
