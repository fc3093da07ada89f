/** A server of RESP2 on protocols: no task a connection, only calls. */
import * as asyncio from 'asyncio-ts';
import { perform } from './commands.ts';
import { CommandParser, ProtocolError } from './parser.ts';
import { OK, Replies } from './replies.ts';
import { Store } from './store.ts';

/** Bytes of replies that are collected before they are sent. */
const COLLECTED = 65_536;

/**
 * Serves Redis' clients.
 *
 * @param host - where to listen, as `port`; neither with the option `sock`
 * @param options - as those of `loop.createServer()`
 */
export async function serveResp(
  host: string | undefined,
  port: number | undefined,
  options: asyncio.ServerOptions = {},
): Promise<asyncio.Server> {
  const loop = asyncio.getRunningLoop();
  const store = new Store(loop);
  return await loop.createServer(() => new RespProtocol(store), host, port, options);
}

/**
 * One connection. Commands are done as they come, and their replies sent together.
 *
 * While the client does not take its replies, nothing is received, and no command is done: so one
 * that asks for a lot and reads nothing costs no memory.
 */
class RespProtocol extends asyncio.Protocol {
  readonly #store: Store;
  readonly #parser = new CommandParser();
  readonly #replies = new Replies();
  #transport: asyncio.Transport | undefined;
  /** Does the client not take its replies? */
  #paused = false;

  constructor(store: Store) {
    super();
    this.#store = store;
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
    this.#transport?.resumeReading();
    // What had come already; in a call of its own, for it may write and pause again.
    asyncio.getRunningLoop().callSoon(() => this.#work());
  }

  /** Does the commands that have come, as long as the client takes the replies. */
  #work(): void {
    try {
      while (!this.#paused && this.#transport?.isClosing() === false) {
        const words = this.#parser.next();
        if (words === undefined) break;
        if (isQuit(words)) this.#end(OK);
        else this.#replies.add(perform(this.#store, words));
        if (this.#replies.size >= COLLECTED) this.#send();
      }
      this.#send();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end({ error: `ERR Protocol error: ${error.message}` });
    }
  }

  #send(): void {
    const pieces = this.#replies.take();
    if (pieces.length > 0) this.#transport?.writelines(pieces);
  }

  #end(reply: typeof OK): void {
    this.#replies.add(reply);
    this.#send();
    this.#transport?.close();
  }
}

function isQuit([name]: readonly Buffer[]): boolean {
  return name?.length === 4 && name.toString('latin1').toUpperCase() === 'QUIT';
}
