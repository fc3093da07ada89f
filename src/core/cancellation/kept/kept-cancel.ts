import { isSettled } from '../../futures/is-settled.ts';
import type { Cancel, Keeper } from './cancel.ts';
import {
  type CancelPath,
  isSameFunction,
  type Line,
  remainders,
  sharedEnd,
} from './cancel-path.ts';

/** A cancel that was kept from some code. The next `await` of that code is to throw it. */
export class KeptCancel {
  readonly request: Cancel;
  /** The code that had not seen it when it was kept. */
  readonly unaware: Line;
  /** It is for code with at most this many combinators above it that would keep it. */
  readonly depth: number;
  /** Is it also for the end of the body? */
  readonly endsBody: boolean;
  /**
   * Is it also for the body of a limit? Not if an error hid it, or if the body itself cancelled: then asyncio's
   * `timeout()` ends normally.
   */
  readonly endsLimits: boolean;
  readonly keeper: Keeper;
  /** How many of the outermost functions have seen it since, because it was thrown elsewhere. */
  #aware = 0;
  /** Has an `await` taken it? Others may take it, too, until it has reached the code that it is for. */
  isThrown = false;
  /** A promise: pending while the code that it is for closes a generator, whose clean-up does not see the cancel. */
  closing: object | undefined;

  /** @param keeper - a combinator that is part of `path`; otherwise the cancel is for all of `path` */
  constructor(request: Cancel, path: CancelPath, bodyName: string | undefined, keeper: Keeper) {
    const isInPath = keeper === 'combinator';
    this.keeper = keeper;
    this.request = request;
    this.unaware = isInPath ? path.unaware : path.line;
    this.depth = path.keepers - (isInPath ? 1 : 0);
    this.endsBody = path.endsBody(bodyName);
    this.endsLimits = this.endsBody && (isInPath || keeper === 'shield');
  }

  /** Has no code seen it since? */
  get isUnseen(): boolean {
    return this.#aware === 0;
  }

  /** The functions of `path` have seen the cancel. */
  tellAware(path: CancelPath): void {
    if (path.keepers === 0) this.#aware = Math.max(this.#aware, sharedEnd(path.line, this.unaware));
  }

  get isSeenByAll(): boolean {
    return this.unaware.length > 0 && this.#aware === this.unaware.length;
  }

  /** Is it held back from an `await` of `awaited`, because a generator is being closed? */
  isHeldFrom(awaited: object | undefined): boolean {
    return this.closing !== undefined && this.closing !== awaited && !isSettled(this.closing);
  }

  /**
   * Is it for the code of `line`? That code was among those that waited, and now continues
   * elsewhere. The outermost functions may have continued without it.
   */
  isFor(line: Line): boolean {
    const all = this.unaware;
    if (all.length === 0 || line.length === 0) return all.length === line.length;
    for (const rest of remainders(all)) {
      const gone = all.length - rest.length;
      const shared = sharedEnd(line, rest);
      const [own, its] = [line.at(-1 - shared), rest.at(-1 - shared)];
      const isIt =
        own === undefined || its === undefined
          ? shared > 0
          : shared === 0
            ? isSameFunction(own, its)
            : own.kind !== its.kind || isSameFunction(own, its);
      if (isIt) return gone + shared >= this.#aware;
      if (gone === 0 && shared > 0) return false;
    }
    return false;
  }
}
