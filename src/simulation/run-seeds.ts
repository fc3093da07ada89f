import { checkOptions } from '../base/check-options.ts';
import { checkFunction } from '../base/check-types.ts';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { setImmediate } from '../base/node-timers.ts';
import { checkSeconds, checkWhole } from '../base/numbers.ts';
import { brief } from '../base/printing/repr.ts';
import { captureStackTrace, type RunningFunction } from '../base/stacks/capture.ts';
import { isA } from '../base/values/attempt.ts';
import { currentTask } from '../core/coroutines/task.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Loop } from '../loop/loop.ts';
import { Runner } from '../runners/runner.ts';
import {
  describeTasks,
  differenceOf,
  type RunReport,
  type RunResult,
  simulationError,
} from './failure.ts';
import { faultWeights, type Weights } from './network/faults.ts';
import type { SimulationOptions } from './options.ts';
import { tell, wantedPart } from './part.ts';
import { patchGlobals } from './patch.ts';
import { catchProcessEnds } from './process/process-ends.ts';
import { shrink } from './shrink.ts';
import { Run, type World } from './world.ts';

/** The default time limit of a run, in simulated seconds. */
const WEEK = 7 * 86_400;

/**
 * Runs one seed after another until one fails.
 *
 * @param caller - left out of the stack of an error in the arguments, with what it called: for an uncaught error, Node
 *   shows the line that threw it, which would be minified code
 */
export async function runSeeds(
  main: (world: World) => PromiseLike<unknown>,
  options: SimulationOptions,
  caller?: RunningFunction,
): Promise<RunResult> {
  const part = wantedPart();
  const { limit = WEEK, traceLength = 10_000, onRun } = Object(options) as SimulationOptions;
  const { runs = 1, faults = 'calm', seed = 1 } = { ...options, ...part };
  let weights: Weights;
  try {
    checkFunction(main, 'main');
    checkOptions(options, 'seed runs faults limit patch traceLength shrink onRun');
    checkSeconds(limit, 'limit');
    checkWhole(traceLength, 1, 10_000_000, 'traceLength');
    checkWhole(runs, 1, Number.MAX_SAFE_INTEGER, 'runs');
    checkSeed(seed);
    weights = faultWeights(faults);
  } catch (error) {
    captureStackTrace(error as Error, caller);
    throw error;
  }
  const settings: Settings = { main, weights, limit, patch: options.patch ?? false, traceLength };
  const wanted = process.env['SIMULATION_SEED'];
  const seeds = wanted ? [wanted] : seedsFrom(seed, runs, part);
  const only = wanted ? onlyFaults(process.env['SIMULATION_FAULTS']) : undefined;
  let last: RunResult | undefined;
  if (part !== undefined) await tell({ begins: wanted ? 1 : runs });
  for (const seed of seeds) {
    const play = async (kept = only): Promise<RunResult | RunReport> => {
      if (part !== undefined) await tell({ starts: seed });
      return await runOnce(seed, settings, kept);
    };
    const report = await play();
    if ('error' in report) {
      const all = report.faults;
      if (part !== undefined) await tell({ failing: seed });
      let least = report;
      let difference = '';
      if (options.shrink !== false) {
        difference = differenceOf(report, await play());
        least = await shrink(report, play);
      }
      const error = simulationError(least, all.length, difference);
      // The command ends this process.
      if (part !== undefined) {
        await tell({ failed: error.message, entries: least._entries });
        process.channel?.ref();
        await new Promise(() => {});
      }
      throw error;
    }
    // The command plays its first seed twice.
    if (part?.job === 0 && !wanted && last === undefined)
      await tell({ differs: differenceOf(report, await play()) });
    last = report;
    if (part !== undefined) await tell({ passed: report.time });
    onRun?.(report);
  }
  return last as RunResult;
}

/** The settings that all runs share. */
interface Settings {
  readonly main: (world: World) => PromiseLike<unknown>;
  readonly weights: Weights;
  readonly limit: number;
  readonly patch: boolean;
  readonly traceLength: number;
}

function checkSeed(seed: unknown): void {
  if (typeof seed !== 'string' && !Number.isFinite(seed))
    throw typeError(`seed must be a number or a string, got ${brief(seed)}`);
}

function* seedsFrom(
  seed: number | string,
  runs: number,
  { job, jobs }: { readonly job: number; readonly jobs: number } = { job: 0, jobs: 1 },
): Generator<number | string> {
  // Each job makes a run, because the program expects a result.
  for (let run = job < runs ? job : 0; run < runs; run += jobs)
    yield typeof seed === 'number' ? seed + run : run === 0 ? seed : `${seed}.${run}`;
}

function onlyFaults(list: string | undefined): ReadonlySet<string> | undefined {
  if (!list) return undefined;
  return new Set(list === 'none' ? [] : list.split(','));
}

/** Runs one seed. */
async function runOnce(
  seed: number | string,
  { main, weights, limit, patch, traceLength }: Settings,
  only: ReadonlySet<string> | undefined,
): Promise<RunResult | RunReport> {
  const run = new Run({ seed, weights, only, traceLength });
  const { scheduler, trace, faults } = run;
  const runner = new Runner({
    debug: false,
    loopFactory: () => {
      const made = new Loop({ host: run.clock });
      run.clock.loop = made;
      made.setExceptionHandler((_loop, context) => run.reported(context));
      return made;
    },
  });
  const loop = runner.getLoop();
  scheduler.limit = limit;
  scheduler.start(
    loop,
    () => {
      // A run that has failed is cancelled. If it still waits for a promise that never settles, it is left waiting.
      if (run.failure === undefined) void stillRunning(run, STUCK);
      else loop._turns.halt();
    },
    (what) => void stillRunning(run, what),
  );
  const unpatch = patch ? patchGlobals(run.random, () => scheduler.now) : () => {};
  const letEnd = catchProcessEnds((error, what) => run.fail(error, run.named(what)));
  run.late = (message, what) => void stillRunning(run, message, what);
  let failed: { readonly error: unknown } | undefined;
  try {
    await runner.run(async () => {
      const task = currentTask();
      run.onFailure(() => task?.cancel());
      try {
        if (run.failure === undefined) await main(run.world);
      } finally {
        await run.end();
      }
    });
  } catch (error) {
    failed = { error };
  }
  try {
    // Node reports unhandled rejections in a turn of its own.
    await new Promise((resolve) => void setImmediate(resolve));
    await runner.close();
    if (failed === undefined) await run.checkHistories();
  } catch (error) {
    failed ??= { error };
  } finally {
    unpatch();
    run.close();
    letEnd();
  }
  const { now: time, steps } = scheduler;
  const happened = [...faults.happened];
  // The simulation was cancelled from outside.
  if (run.failure === undefined && isA(failed?.error, CancelledError)) throw failed.error;
  const failure = run.failure ?? (failed && { ...failed, what: 'the simulation failed' });
  if (failure !== undefined)
    return {
      trace: trace.toString(),
      _entries: trace.entries(),
      ...failure,
      seed,
      digest: trace.digest(),
      time,
      step: steps,
      faults: happened,
    };
  return {
    seed,
    time,
    steps,
    messages: trace.messages,
    bytes: trace.bytes,
    faults: happened,
    digest: trace.digest(),
    get trace(): string {
      return trace.toString(traceLength);
    },
    get _entries() {
      return trace.entries();
    },
  };
}

const STUCK = 'nothing can happen any more';

/** Fails a run that does not end, with an error that says where each task waits. */
async function stillRunning(run: Run, message: string, what: string = message): Promise<void> {
  if (run.failure !== undefined || run.scheduler.paused) return;
  const { scheduler } = run;
  scheduler.pause();
  // While this loads, something real may happen.
  await import('../inspect/on-demand.ts');
  if (message === STUCK && scheduler.hasWork) {
    scheduler.resume();
    return;
  }
  const names = new Map<LoopCore, string>();
  for (const host of run.hosts.values()) if (host.state === 'up') names.set(host.loop, host.name);
  let tasks = '';
  try {
    tasks = await describeTasks((loop) => names.get(loop));
    tasks += run.realWaits(tasks);
  } finally {
    scheduler.resume();
  }
  run.fail(new RuntimeError(`${message}:\n${tasks}`), what);
}
