import { brief } from '../../base/printing/repr.ts';
import { attempt } from '../../base/values/attempt.ts';
import { Task } from '../../core/coroutines/task.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';

/** Describes a wait: `'Queue.get on <Queue maxsize=0 _getters[1]>, 0 before it'`. */
export function inWords({ operation, on, detail, heldBy }: WaitDescription, words: Words): string {
  return [
    [operation, on === undefined ? '' : `on ${words.of(on)}`].filter(Boolean).join(' '),
    detail,
    heldBy !== undefined && [...heldBy].includes(undefined) && 'its holder has ended',
  ]
    .filter(Boolean)
    .join(', ')
    .replace(/^on /, '');
}

/** Caches printed forms, because thousands of tasks may wait for one queue. */
export class Words {
  readonly #known = new Map<unknown, string>();

  of(subject: unknown): string {
    let form = this.#known.get(subject);
    if (form === undefined) {
      form = subject instanceof Task ? subject.getName() : attempt(() => brief(subject), '?');
      this.#known.set(subject, form);
    }
    return form;
  }
}
