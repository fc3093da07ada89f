/** A server for RESP2 and RESP3 with protocols: callbacks instead of a task for each connection. */
import * as asyncio from 'asyncio-ts';
import { perform } from './commands.ts';
import { LIMITS, type RespLimits } from './limits.ts';
import { CommandParser } from './parser.ts';
import { ProtocolError, QueryTooLargeError } from './protocol-error.ts';
import { OK, Replies, type Reply } from './replies.ts';
import { Store } from './store.ts';

/**
 * Serves Redis clients. The amount of stored data is only limited by the memory of the process.
 *
 * @param host - where to listen, like `port`; `undefined` with the option `sock`
 * @param options - {@link RespLimits}; the rest as for `loop.createServer()`
 */
export async function serveResp(
  host: string | undefined,
  port: number | undefined,
  { maxBulk = LIMITS.maxBulk, maxQuery = LIMITS.maxQuery, ...options }: RespOptions = {},
): Promise<asyncio.Server> {
  const loop = asyncio.getRunningLoop();
  const limits = { maxBulk, maxQuery };
  const store = new Store(loop, limits);
  return await loop.createServer(() => new RespProtocol(store, limits), host, port, options);
}

export type RespOptions = Partial<RespLimits> & asyncio.ServerOptions;

/**
 * One connection. Commands are run as they arrive, and their replies are sent together.
 *
 * While the client does not read its replies, nothing is received, no command is run, and a long reply is
 * not continued. So a client that asks for a lot and reads nothing takes little memory.
 */
class RespProtocol extends asyncio.Protocol {
  readonly #store: Store;
  readonly #parser: CommandParser;
  readonly #replies = new Replies();
  #transport: asyncio.Transport | undefined;
  /** Has the client stopped reading its replies? */
  #paused = false;

  constructor(store: Store, limits: RespLimits) {
    super();
    this.#store = store;
    this.#parser = new CommandParser(limits);
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#parser.feed(data);
    this.#work();
  }

  override pauseWriting(): void {
    this.#paused = true;
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#paused = false;
    // Runs the commands that have already arrived, in a separate call, because it may write and pause
    // again. Nothing is received until all of them are answered, not even the end of the client's data.
    asyncio.getRunningLoop().callSoon(() => {
      this.#work();
      if (!this.#paused) this.#transport?.resumeReading();
    });
  }

  /** Runs the commands that have arrived, as long as the client reads the replies. */
  #work(): void {
    try {
      while (!this.#paused && this.#transport?.isClosing() === false) {
        if (this.#replies.isUnfinished) this.#replies.goOn();
        else {
          const words = this.#parser.next();
          if (words === undefined) break;
          if (isQuit(words)) this.#end(OK);
          else this.#replies.add(perform(this.#store, words));
        }
        if (this.#replies.isFull) this.#send();
      }
      this.#send();
    } catch (error) {
      if (error instanceof ProtocolError)
        this.#end({ error: `ERR Protocol error: ${error.message}` });
      else if (error instanceof QueryTooLargeError)
        this.#end(); // without a reply, like Redis
      else {
        this.#transport?.abort();
        throw error;
      }
    }
  }

  #send(): void {
    const pieces = this.#replies.take();
    if (pieces.length > 0) this.#transport?.writelines(pieces);
  }

  #end(reply?: Reply): void {
    if (reply !== undefined) this.#replies.add(reply);
    this.#send();
    this.#transport?.close();
  }
}

function isQuit([name]: readonly Buffer[]): boolean {
  return name?.length === 4 && name.toString('latin1').toUpperCase() === 'QUIT';
}
