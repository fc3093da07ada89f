/**
 * Tests that run on a loop: each on a fresh one, which must be left clean.
 *
 * The scenario runs as the main task of its loop. Afterwards the test fails if a failure was
 * reported that the scenario did not ask for, or if a task is left; and the loop is closed,
 * whatever happened.
 */
import { redirectLog } from '../../src/base/log/log.ts';
import { nodeHost } from '../../src/core/turns/host.ts';
import type { ExceptionContext } from '../../src/core/turns/loop-core.ts';
import { setRunningLoop } from '../../src/core/turns/running-loop.ts';
import { Loop } from '../../src/loop/loop.ts';
import { virtualHost } from '../../src/testing/virtual-host.ts';
import { behaviour, type Options } from './behaviour.ts';

/** What a scenario gets besides its loop. */
export interface Scene {
  /** The reports that the exception handler got, in order. Asking for them allows them. */
  readonly reports: readonly ExceptionContext[];
  /** Asks for the next report that matches: fails the test if none does by its end. */
  expectReport(message: RegExp): void;
  /** What was logged, in order. */
  readonly logged: readonly string[];
  /** Lets `turns` turns of the loop pass. */
  settle(turns?: number): Promise<void>;
}

export interface LoopOptions extends Options {
  /** `'virtual'`: time jumps to the next timer when every task waits. By default `'virtual'`. */
  clock?: 'real' | 'virtual';
  /** Debug mode; off by default. */
  debug?: boolean;
}

type LoopScenario = (loop: Loop, scene: Scene) => Promise<unknown>;
type RestingScenario = (loop: Loop, scene: Scene) => unknown;

export interface LoopIt {
  /** Declares a test whose scenario runs as the main task of a fresh loop. */
  (sentence: string, scenario: LoopScenario, options?: LoopOptions): void;
  /** Declares a test whose scenario gets a fresh loop that does not run; it runs it itself. */
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
  // A test that did not end in time may still hold the thread.
  setRunningLoop(undefined);
  const loop = new Loop({ host: clock === 'virtual' ? virtualHost(1000) : nodeHost, debug });
  // A busy machine is no fault: a test that is about slow steps says what is slow.
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
      // Failed halfway: the next test needs the thread.
      loop._turns.halt();
      setRunningLoop(undefined);
    }
    loop.setExceptionHandler(() => {});
    loop.close();
  }
}

/** Lets `turns` turns of a running loop pass. */
export async function settle(loop: Loop, turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const passed = loop.createFuture<void>();
    loop.callSoon(() => passed.setResult());
    await passed;
  }
}
