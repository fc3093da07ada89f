/** The replicated state: values by key. Every node applies the same commands in the same order. */

/** A command, with its client and number, so that it is applied only once. */
export interface Command {
  readonly client: string;
  readonly number: number;
  readonly op: 'put' | 'swap' | 'nothing';
  readonly key: string;
  readonly value: string;
  /** `swap` puts its value only if this is the old one. */
  readonly from?: string | null;
}

/** A leader's first entry, which commits all those before it. */
export const NOTHING: Command = { client: '', number: 0, op: 'nothing', key: '', value: '' };

export class Store {
  readonly #values = new Map<string, string>();
  /** The last command of each client, and its result. */
  readonly #last = new Map<string, { readonly number: number; readonly result: boolean }>();

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  /** @returns whether the value was put */
  apply(command: Command): boolean {
    const { client, number, op, key, value, from } = command;
    if (op === 'nothing') return true;
    const last = this.#last.get(client);
    // The client has sent the command again because it did not get the answer.
    if (last !== undefined && number <= last.number) return last.result;
    const result = op === 'put' || this.get(key) === from;
    if (result) this.#values.set(key, value);
    this.#last.set(client, { number, result });
    return result;
  }
}
