/** Requests and answers, each a line of JSON. */
import * as asyncio from 'asyncio-ts';

/** `'host:port'`. */
export type Address = string;

/** A server closed the connection without an answer. */
class Closed extends Error {}

/** A connection to a server, made on demand, and again after a failure. */
export class Link {
  readonly #address: Address;
  readonly #lock = new asyncio.Lock();
  #streams: [asyncio.StreamReader, asyncio.StreamWriter] | undefined;

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Sends a request, and waits for its answer.
   *
   * @param seconds - how long it may take
   */
  async call<T>(request: unknown, seconds: number): Promise<T> {
    return await asyncio.timeout(seconds, () =>
      this.#lock.with(async () => {
        let answered = false;
        try {
          const [reader, writer] = await this.#open();
          writer.write(`${JSON.stringify(request)}\n`);
          await writer.drain();
          const line = await reader.readline();
          if (line.length === 0) throw new Closed(`${this.#address} has closed the connection`);
          answered = true;
          return JSON.parse(`${line}`) as T;
        } finally {
          // A late answer would be mistaken for the next one.
          if (!answered) this.close();
        }
      }),
    );
  }

  async #open(): Promise<[asyncio.StreamReader, asyncio.StreamWriter]> {
    if (this.#streams === undefined) {
      const [host, port] = this.#address.split(':') as [string, string];
      this.#streams = await asyncio.openConnection(host, Number(port));
    }
    return this.#streams;
  }

  close(): void {
    this.#streams?.[1].close();
    this.#streams = undefined;
  }
}

/** Answers the requests of a connection, one after another, until it ends. */
export async function answerAll(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  answer: (request: unknown) => Promise<unknown>,
): Promise<void> {
  try {
    for await (const line of reader) {
      writer.write(`${JSON.stringify(await answer(JSON.parse(`${line}`)))}\n`);
      await writer.drain();
    }
  } catch (error) {
    if (!(error instanceof asyncio.OSError || error instanceof SyntaxError)) throw error;
    // The client is gone, or its request was cut off.
  } finally {
    writer.close();
  }
}
