import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { chore, choreNextTurn } from '../turns/host.ts';

/** What to watch, and how to report it when it is gone. */
interface Kind<T extends object, R extends object> {
  /** Is there still something to report about `subject`, a moment after it was added? */
  matters(subject: T): boolean;
  /** What the report needs when the subject is gone. It must not refer to the subject. */
  record(subject: T): R;
  /**
   * How many milliseconds to wait before a second check, for kinds that often matter for longer
   * than a moment: watching and forgetting one costs as much as several tasks, and leaves memory behind. A hundred
   * subjects make it one millisecond longer.
   */
  readonly patience?: number;
  /** Reports it; `ending`: the process is ending, and later output is lost. */
  report(record: R, ending: boolean): void;
}

/**
 * Objects of one kind that cause a report when they are collected.
 *
 *           add()          a moment later, still matters         collected
 *   subject ─────▶ fresh ────────────────────────────▶ watched ─────────────▶ reported
 *                    │                                    │                      ▲
 *                    └── a moment later, matters no more  ├── the process ends ──┘
 *                                                         └── forget()
 *
 * The intermediate state is for speed, because nearly all objects no longer matter after a turn: a
 * coroutine passed to a task starts in the next turn. With many of them it may take longer, which is what `patience` is
 * for.
 */
export class Collected<T extends object, R extends object> {
  readonly #kind: Kind<T, R>;
  #fresh: T[] = [];
  /** Is the moment timer running? */
  #ripens = false;
  /** Objects that have been fresh for a moment, checked after the current turn. */
  #ripe: T[] = [];
  /** Objects that wait for the second check. */
  #late: T[] = [];
  /** The records of watched objects; a registry alone would drop them when the process ends. */
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

  /** `subject` no longer matters: if it was added last, it need not be kept for this. */
  dismiss(subject: T): void {
    const fresh = this.#fresh;
    if (fresh[fresh.length - 1] === subject) fresh.pop();
  }

  /** The records of what is watched. */
  get records(): Iterable<R> {
    return this.#watched;
  }

  forget(record: R): void {
    if (!this.#watched.delete(record)) return;
    withdrawCollectionRequest();
    this.#registry.unregister(record);
  }

  /** Timers run before the rest of their turn, so the check waits for that, too. */
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
      if (this.#late.length === 0)
        chore(this.#kind.patience + subjects.length / 100, this.#lookAtLate);
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

  /** The process is ending: reports what is still referenced. */
  #reportRest(): void {
    this.#ripen();
    this.#lookAtRipe();
    this.#lookAtLate();
    const rest = [...this.#watched];
    this.#watched.clear();
    for (const record of rest) this.#kind.report(record, true);
  }
}
