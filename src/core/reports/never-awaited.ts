import { log } from '../../base/log/log.ts';
import { warnRuntime } from '../../base/log/warnings.ts';
import { Collected } from './collected.ts';

/**
 * Warns about coroutines that were created and never awaited, so that their bodies never ran.
 *
 * @see Python's RuntimeWarning "coroutine 'x' was never awaited"
 */
export interface NeverAwaitedRecord {
  readonly name: string;
  readonly site: string | undefined;
  readonly origin: readonly string[] | undefined;
}

/** What this file knows about a coroutine. */
export interface UnawaitedCoroutine {
  readonly name: string;
  readonly _untouched: boolean;
  readonly _site: string | undefined;
  readonly _origin: readonly string[] | undefined;
  _record: NeverAwaitedRecord | undefined;
}

const forgotten = new Collected<UnawaitedCoroutine, NeverAwaitedRecord>({
  matters: (coroutine) => coroutine._untouched,
  patience: 50,

  record: (coroutine) => {
    const record = {
      name: coroutine.name,
      site: coroutine._site,
      origin: coroutine._origin,
    };
    coroutine._record = record;
    return record;
  },

  report: ({ name, site, origin }, ending) => {
    const text = `coroutine '${name}' was never awaited`;
    const made = origin && ['Coroutine created at (most recent call first)', ...origin].join('\n');
    const detail = made ?? (site && `    defined at ${site}`);
    // Node prints warnings a tick later, which no longer comes.
    if (ending) log(`RuntimeWarning: ${text}${detail ? `\n${detail}` : ''}`, 'warn');
    else warnRuntime(text, detail);
  },
});

/** `coroutine` was created. */
export function watchCoroutine(coroutine: UnawaitedCoroutine): void {
  forgotten.add(coroutine);
}

/** `coroutine` was awaited or closed. */
export function forgetCoroutine(coroutine: UnawaitedCoroutine): void {
  if (coroutine._record === undefined) forgotten.dismiss(coroutine);
  else {
    forgotten.forget(coroutine._record);
    coroutine._record = undefined;
  }
}
