/** A client of the store. */
import * as asyncio from 'asyncio-ts';
import { type Address, Link } from './link.ts';
import type { ClientAnswer, ClientRequest } from './messages.ts';
import type { Command } from './store.ts';

/** How long to wait for an answer before asking another node, in seconds. */
const CALL = 1.5;
/** How long to wait before trying again, in seconds. */
const PAUSE = 0.2;

export class Client {
  readonly #links: ReadonlyMap<Address, Link>;
  readonly #name: string;
  readonly #seconds: number;
  #number = 0;
  #server: Address;

  /**
   * @param servers - all nodes
   * @param seconds - how long an operation may take
   */
  constructor(servers: readonly Address[], seconds = 30) {
    this.#links = new Map(servers.map((server) => [server, new Link(server)]));
    this.#server = servers[0] as Address;
    this.#name = `${Math.random()}`;
    this.#seconds = seconds;
  }

  async get(key: string): Promise<string | null> {
    return (await this.#ask({ type: 'get', key })) as string | null;
  }

  async put(key: string, value: string): Promise<void> {
    await this.#do({ op: 'put', key, value });
  }

  /** Puts a value if the old one is `from`; `null` stands for no value. */
  async swap(key: string, from: string | null, value: string): Promise<boolean> {
    return await this.#do({ op: 'swap', key, value, from });
  }

  async #do(command: Omit<Command, 'client' | 'number'>): Promise<boolean> {
    this.#number += 1;
    const numbered: Command = { client: this.#name, number: this.#number, ...command };
    return (await this.#ask({ type: 'do', command: numbered })) as boolean;
  }

  /** Asks one node after another until one answers. */
  async #ask(request: ClientRequest): Promise<string | boolean | null> {
    return await asyncio.timeout(this.#seconds, async () => {
      for (;;) {
        let next: Address | undefined;
        try {
          const link = this.#links.get(this.#server) as Link;
          const answer = await link.call<ClientAnswer>(request, CALL);
          if ('result' in answer) return answer.result;
          next = answer.leader;
        } catch (error) {
          if (!asyncio.isException(error)) throw error;
        }
        this.#server = next ?? this.#after(this.#server);
        await asyncio.sleep(PAUSE);
      }
    });
  }

  #after(server: Address): Address {
    const all = [...this.#links.keys()];
    return all[(all.indexOf(server) + 1) % all.length] as Address;
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
  }
}
