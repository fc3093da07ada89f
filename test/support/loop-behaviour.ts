/**
 * Tests that run on a loop: each on a new one, which must be left clean.
 *
 * The scenario runs as the main task of its loop. Afterwards, the test fails if there was an unexpected
 * report, or if a task is left. The loop is always closed.
 */
import { redirectLog } from '../../src/base/log/log.ts';
import { nodeHost } from '../../src/core/turns/host.ts';
import type { ExceptionContext } from '../../src/core/turns/loop-core.ts';
import { setRunningLoop } from '../../src/core/turns/running-loop.ts';
import { Loop } from '../../src/loop/loop.ts';
import { virtualHost } from '../../src/testing/virtual-host.ts';
import { behaviour, type Options } from './behaviour.ts';

/** What a scenario gets in addition to its loop. */
export interface Scene {
  /** The exception handler's reports, in order. Reading them allows them. */
  readonly reports: readonly ExceptionContext[];
  /** Waits for the next report that matches. The test fails if there is none until its end. */
  expectReport(message: RegExp): void;
  /** The log messages, in order. */
  readonly logged: readonly string[];
  /** Waits for `turns` turns of the loop. */
  settle(turns?: number): Promise<void>;
}

export interface LoopOptions extends Options {
  /** `'virtual'`, the default: time jumps to the next timer when every task waits. */
  clock?: 'real' | 'virtual';
  /** Debug mode; off by default. */
  debug?: boolean;
}

type LoopScenario = (loop: Loop, scene: Scene) => Promise<unknown>;
type RestingScenario = (loop: Loop, scene: Scene) => unknown;

export interface LoopIt {
  /** Declares a test whose scenario runs as the main task of a new loop. */
  (sentence: string, scenario: LoopScenario, options?: LoopOptions): void;
  /** Declares a test whose scenario gets a new loop, and runs it itself. */
  resting(sentence: string, scenario: RestingScenario, options?: LoopOptions): void;
  skip(sentence: string, reason: string, scenario?: unknown, options?: LoopOptions): void;
}

export function loopBehaviour(subject: string, declare: (it: LoopIt) => void): void {
  behaviour(subject, (plain) => {
    const it: LoopIt = (sentence, scenario, options = {}) =>
      plain(
        sentence,
        () =>
          onFreshLoop(options, async (loop, scene) => {
            await loop.runUntilComplete(() => scenario(loop, scene));
          }),
        options,
      );
    it.resting = (sentence, scenario, options = {}) =>
      plain(
        sentence,
        () => onFreshLoop(options, async (loop, scene) => void (await scenario(loop, scene))),
        options,
      );
    it.skip = (sentence, reason, scenario, options) =>
      plain.skip(sentence, reason, scenario as () => unknown, options);
    declare(it);
  });
}

async function onFreshLoop(
  { clock = 'virtual', debug = false }: LoopOptions,
  use: (loop: Loop, scene: Scene) => Promise<void>,
): Promise<void> {
  // A test that has not ended in time may still run its loop in this thread.
  setRunningLoop(undefined);
  const loop = new Loop({ host: clock === 'virtual' ? virtualHost(1000) : nodeHost, debug });
  // A busy machine is not a failure. Tests of slow steps set this themselves.
  loop.slowCallbackDuration = 3600;
  const reports: ExceptionContext[] = [];
  const expected: RegExp[] = [];
  const logged: string[] = [];
  let asked = false;
  loop.setExceptionHandler((_loop, context) => void reports.push(context));
  const restoreLog = redirectLog((text) => void logged.push(text));
  const scene: Scene = {
    get reports() {
      asked = true;
      return reports;
    },
    logged,
    expectReport: (message) => void expected.push(message),
    settle: (turns = 3) => settle(loop, turns),
  };
  try {
    await use(loop, scene);
    for (const message of expected) {
      const at = reports.findIndex((report) => message.test(report.message ?? ''));
      if (at < 0) throw new Error(`nothing was reported that matches ${message}`);
      reports.splice(at, 1);
    }
    const [first] = reports;
    if (!asked && first !== undefined)
      throw new Error(`reported: ${first.message}`, { cause: first.exception });
    const left = [...loop._tasks].map(String);
    if (left.length > 0 && !loop.isClosed()) throw new Error(`left running: ${left.join(', ')}`);
  } finally {
    restoreLog();
    if (loop.isRunning()) {
      // If the test has failed halfway, the next one needs the thread.
      loop._turns.halt();
      setRunningLoop(undefined);
    }
    loop.setExceptionHandler(() => {});
    loop.close();
  }
}

/** Waits for `turns` turns of a running loop. */
export async function settle(loop: Loop, turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const passed = loop.createFuture<void>();
    loop.callSoon(() => passed.setResult());
    await passed;
  }
}
