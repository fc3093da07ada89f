import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { chore, choreNextTurn } from '../turns/host.ts';

/** What is watched, and what is said of it when it is gone. */
interface Kind<T extends object, R extends object> {
  /** Is there still something to say of `subject`, a moment after it was added? */
  matters(subject: T): boolean;
  /** What is to be known when the subject is gone. Must not lead back to it. */
  record(subject: T): R;
  /**
   * Milliseconds to wait before a second look, where many matter longer than a moment: watching one
   * and forgetting it costs as much as several tasks.
   */
  readonly patience?: number;
  /** Says it; `ending`: because the process ends, and nothing can be said later. */
  report(record: R, ending: boolean): void;
}

/**
 * Objects of one kind that have something to say when nobody refers to them any more.
 *
 *           add()          a moment later, still matters         collected
 *   subject ─────▶ fresh ────────────────────────────▶ watched ─────────────▶ reported
 *                    │                                    │                      ▲
 *                    └── a moment later, matters no more  ├── the process ends ──┘
 *                                                         └── forget()
 *
 * The step in between is for speed: nearly all of them matter no more after a turn. The moment is
 * long enough for that: a coroutine that was given to a task begins in the turn after. One of ten
 * thousand may have to wait for that longer: those kinds have patience.
 */
export class Collected<T extends object, R extends object> {
  readonly #kind: Kind<T, R>;
  #fresh: T[] = [];
  /** Is their moment under way? */
  #ripens = false;
  /** Those whose moment is over but for the turn that runs. */
  #ripe: T[] = [];
  /** Those that await the second look. */
  #late: T[] = [];
  /** The records of watched objects; the registry alone would lose them when the process ends. */
  readonly #watched = new Set<R>();
  readonly #registry: FinalizationRegistry<R>;
  #awaitsExit = false;

  constructor(kind: Kind<T, R>) {
    this.#kind = kind;
    this.#registry = new FinalizationRegistry((record) => {
      if (!this.#watched.delete(record)) return;
      withdrawCollectionRequest();
      kind.report(record, false);
    });
  }

  add(subject: T): void {
    if (!this.#ripens) {
      this.#ripens = true;
      chore(1, this.#ripen);
    }
    this.#fresh.push(subject);
    if (this.#awaitsExit) return;
    this.#awaitsExit = true;
    process.once('exit', () => this.#reportRest());
  }

  /** Is told that `subject` matters no more: the one that was added last need not be held for it. */
  dismiss(subject: T): void {
    const fresh = this.#fresh;
    if (fresh[fresh.length - 1] === subject) fresh.pop();
  }

  forget(record: R): void {
    if (!this.#watched.delete(record)) return;
    withdrawCollectionRequest();
    this.#registry.unregister(record);
  }

  /** The timers of a turn come before what it runs: so this waits for that, too. */
  readonly #ripen = (): void => {
    this.#ripens = false;
    if (this.#fresh.length === 0) return;
    this.#ripe = this.#ripe.concat(this.#fresh);
    this.#fresh = [];
    choreNextTurn(this.#lookAtRipe);
  };

  readonly #lookAtRipe = (): void => {
    const subjects = this.#ripe.filter(this.#kind.matters);
    this.#ripe = [];
    if (this.#kind.patience === undefined) this.#watch(subjects);
    else if (subjects.length > 0) {
      if (this.#late.length === 0) chore(this.#kind.patience, this.#lookAtLate);
      this.#late = this.#late.concat(subjects);
    }
  };

  readonly #lookAtLate = (): void => {
    const subjects = this.#late.filter(this.#kind.matters);
    this.#late = [];
    this.#watch(subjects);
  };

  #watch(subjects: readonly T[]): void {
    for (const subject of subjects) {
      const record = this.#kind.record(subject);
      this.#watched.add(record);
      this.#registry.register(subject, record, record);
      requestCollection();
    }
  }

  /** The process ends: what was referenced to the last is said now. */
  #reportRest(): void {
    this.#ripen();
    this.#lookAtRipe();
    this.#lookAtLate();
    const rest = [...this.#watched];
    this.#watched.clear();
    for (const record of rest) this.#kind.report(record, true);
  }
}
