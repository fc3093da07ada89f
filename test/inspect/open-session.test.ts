import { compileFunction } from 'node:vm';
import * as assert from 'uvu/assert';
import { openSession, type Steps } from '../../src/cli/process/open-session.ts';
import { behaviour } from '../support/behaviour.ts';

/** How often at most another one goes on than the one who would, in one order of the steps. */
const SWITCHES = 3;
const PORT = 9229;
const ADDRESS = `127.0.0.1:${PORT}`;
const LOOKERS = [1001, 1002];

type Port = 'closed' | 'open' | 'closing';

/** Something that happens at one instant. */
interface Step {
  readonly who: string;
  /** Is it done in the main thread of the target, as soon as that can be interrupted? */
  readonly interrupts?: boolean;
  /** It sleeps until this many steps have been made: until another one has made one. */
  readonly until?: number;
  act(): void;
}

interface Session {
  readonly number: number;
}

/** Evaluates an expression in a realm of its own. */
const evaluateIn = compileFunction('return eval(text)', ['globalThis', 'process', 'text']);

/**
 * Two commands that look into a process, and the process: all that one of them does where others can see it is a
 * step, and `choose` decides which comes next. What is evaluated in the process is evaluated, in a realm of its own.
 */
class Stage {
  readonly #choose: (steps: readonly Step[]) => Step;
  readonly #waiting = new Set<Step>();
  readonly #alive = new Set(LOOKERS);
  #made = 0;
  readonly #timers = new Set<() => void>();
  /** SIGUSR1 was sent, and not handled. */
  #isSignalled = false;
  /** How many steps others have made since the target looked who is there. */
  #news = 0;
  /** Of the inspector. Sessions are those of its current number. */
  port: Port = 'closed';
  #opened = 0;
  readonly #process: object;
  readonly global: Record<symbol, unknown>;
  readonly failures: string[] = [];

  constructor(isOpen: boolean, choose: (steps: readonly Step[]) => Step) {
    this.#choose = choose;
    if (isOpen) this.port = 'open';
    this.#process = {
      kill: (pid: number) => {
        this.#interruptible();
        if (!this.#alive.has(pid)) throw Object.assign(new Error('no such'), { code: 'ESRCH' });
      },
      getBuiltinModule: () => ({
        readFileSync: () => '',
        close: () => {
          this.#interruptible();
          this.port = 'closing';
        },
      }),
    };
    const timers = {
      setInterval: (callback: () => void) => {
        this.#timers.add(callback);
        const timer = { callback, unref: () => timer };
        return timer;
      },
      clearInterval: ({ callback }: { callback: () => void }) => this.#timers.delete(callback),
      setImmediate: (callback: () => void) => callback(),
    };
    this.global = timers as unknown as Record<symbol, unknown>;
  }

  /** Goes through one order of the steps. */
  async play(): Promise<void> {
    let left = LOOKERS.length;
    for (const pid of LOOKERS)
      void this.#look(pid).finally(() => {
        left -= 1;
      });
    for (;;) {
      // So long it takes until all that can go on have done so.
      for (let turn = 0; turn < 12; turn += 1) await undefined;
      const waiting = [...this.#waiting];
      // The second command comes when the first has ended, unless there is a switch.
      const awake = waiting.filter(({ until = 0 }) => this.#made >= until);
      const [first, second] = LOOKERS.map((pid) => awake.filter(({ who }) => who === String(pid)));
      const steps = [...(first ?? []), ...this.#ofTarget(), ...(second ?? [])];
      if (steps.length === 0 && left === 0) return;
      this.#act(this.#choose(steps.length > 0 ? steps : waiting));
    }
  }

  #act(step: Step): void {
    this.#waiting.delete(step);
    this.#made += 1;
    if (step.who !== 'target') this.#news += 1;
    step.act();
  }

  #ofTarget(): Step[] {
    const who = 'target';
    // Its main thread waits for the thread of the inspector.
    if (this.port === 'closing') {
      const close = (): void => {
        this.port = 'closed';
      };
      return [{ who, act: close }];
    }
    // A signal takes less time than there is between two looks. If it took longer, and the last one who looked had left
    // in the meantime, it would open the inspector once more, and nobody would close it.
    if (this.#isSignalled) return [{ who, act: () => this.#handleSignal() }];
    // Time passes at once where nobody else has anything to do.
    if (this.#timers.size === 0 || (this.#news === 0 && this.#waiting.size > 0)) return [];
    const look = (): void => {
      this.#news = 0;
      for (const callback of [...this.#timers]) callback();
    };
    return [{ who, act: look }];
  }

  #handleSignal(): void {
    this.#isSignalled = false;
    if (this.port !== 'closed') return;
    this.port = 'open';
    this.#opened += 1;
  }

  /** The inspector and SIGUSR1 interrupt what the target does. */
  #interruptible(): void {
    const nothing: Step = { who: 'target', act: () => {} };
    for (;;) {
      const steps = [...this.#waiting].filter(({ interrupts }) => interrupts);
      if (this.#isSignalled) steps.push({ who: 'signal', act: () => this.#handleSignal() });
      if (steps.length === 0) return;
      const step = this.#choose([nothing, ...steps]);
      if (step === nothing) return;
      this.#act(step);
    }
  }

  async #step<T>(who: string, act: () => T, how: Partial<Step> = {}): Promise<T> {
    return await new Promise<T>((resolve) => {
      this.#waiting.add({ ...how, who, act: () => resolve(act()) });
    });
  }

  /** What a command does. */
  async #look(pid: number): Promise<void> {
    const who = String(pid);
    const own = (expression: string): string => expression.replaceAll(`${process.pid}`, who);
    const isOpen = (session: Session): boolean =>
      this.port === 'open' && session.number === this.#opened;
    const evaluate = (expression: string): unknown => {
      try {
        return evaluateIn(this.global, this.#process, own(expression));
      } catch {
        return undefined;
      }
    };
    const steps: Steps<Session> = {
      inspectPort: () => [PORT, undefined],
      listeningAt: async () =>
        await this.#step(who, () => new Set(this.port === 'closed' ? [] : [ADDRESS])),
      signal: async () =>
        await this.#step(who, () => {
          this.#isSignalled = true;
        }),
      sessionAt: async (_, first) => {
        const session = await this.#step(who, () => ({ number: this.#opened }));
        const answer = await this.#step(
          who,
          () => (isOpen(session) ? evaluate(first) : undefined),
          { interrupts: true },
        );
        return answer === 0 ? session : undefined;
      },
      sleep: async () => await this.#step(who, () => {}, { until: this.#made + 1 }),
    };
    try {
      const session = await openSession(7, steps);
      await this.#step(who, () => {
        if (!isOpen(session)) this.failures.push(`${who} has lost its session`);
      });
    } catch (error) {
      this.failures.push(`${who}: ${error}`);
    }
    await this.#step(who, () => void this.#alive.delete(pid));
  }
}

/** Plays all orders of the steps with at most {@link SWITCHES} switches; returns how many there are. */
async function allOrders(isOpen: boolean, check: (stage: Stage) => void): Promise<number> {
  let orders = 0;
  /** Where another one goes on than the one who would, and which. */
  const left: [at: number, which: number][][] = [[]];
  for (let switches = left.pop(); switches !== undefined; switches = left.pop()) {
    const from = switches.at(-1)?.[0] ?? -1;
    const choices = new Map(switches);
    const told: string[] = [];
    let last = '';
    let at = -1;
    const stage = new Stage(isOpen, (steps) => {
      at += 1;
      assert.ok(at < 5000, `it does not end: ${told.slice(-40).join(' ')}`);
      // The same one goes on; else, one who has waited longest.
      const usual = Math.max(
        0,
        steps.findIndex(({ who }) => who === last),
      );
      if (at > from && choices.size < SWITCHES)
        for (let which = 1; which < steps.length; which += 1)
          left.push([...(switches as [number, number][]), [at, which]]);
      const step = steps[(usual + (choices.get(at) ?? 0)) % steps.length] as Step;
      last = step.who;
      told.push(last);
      return step;
    });
    await stage.play();
    orders += 1;
    try {
      check(stage);
    } catch (error) {
      (error as Error).message += `\nin the order ${told.join(' ')}`;
      throw error;
    }
  }
  return orders;
}

const KEY = Symbol.for('asyncio-ts.inspect.lookers');

behaviour('Two commands that inspect a process at the same time', (it) => {
  it('keep their sessions in every order of their steps; its inspector is closed afterwards', async () => {
    const orders = await allOrders(false, ({ failures, port, global }) => {
      assert.equal(failures, []);
      assert.is(port, 'closed');
      assert.not(KEY in global);
    });
    assert.ok(orders > 500, `${orders} orders`);
  });

  it('leave an inspector open that was already open', async () => {
    await allOrders(true, ({ failures, port }) => {
      assert.equal(failures, []);
      assert.is(port, 'open');
    });
  });
});
