import { Failure, ThreadEnded } from './failure.ts';

/** A message from Node's inspector. An answer has the `id` of its request. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

interface Question {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
}

/** The answer to `Runtime.evaluate`. */
interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
}

/** A session with Node's inspector in one thread of a process. */
abstract class Session {
  readonly #asked = new Map<number, Question>();
  #last = 0;
  /** Has the process or thread ended, or closed the connection? */
  #hasEnded = false;
  /** The error of requests after that. */
  protected readonly gone: Failure = new Failure('the process has ended');

  /** Sends a request, and waits for the answer. */
  async ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    if (this.#hasEnded) throw this.gone;
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
    });
    this.send(JSON.stringify({ id, method, params }));
    return await answer;
  }

  /**
   * Evaluates an expression, even while other code runs.
   *
   * @throws {Failure} when it throws
   */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true };
    const { result, exceptionDetails } = (await this.ask(
      'Runtime.evaluate',
      options,
    )) as unknown as Evaluated;
    if (exceptionDetails === undefined) return result.value;
    throw new Failure(exceptionDetails.exception?.description?.split('\n')[0] ?? 'it threw');
  }

  /** Handles a message. */
  protected received(text: string): void {
    const { id, method, params, result, error } = JSON.parse(text) as Message;
    if (id === undefined) {
      this.onEvent(method as string, params ?? {});
      return;
    }
    const question = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) question?.resolve(result ?? {});
    else question?.reject(new Failure(error.message));
  }

  /** The connection is lost: there will be no more answers. */
  protected lost(): void {
    this.#hasEnded = true;
    for (const { reject } of this.#asked.values()) reject(this.gone);
    this.#asked.clear();
  }

  /** Handles an event. */
  protected onEvent(_event: string, _params: Record<string, unknown>): void {}

  protected abstract send(text: string): void;
}

/** A session with the inspector of a process, over its WebSocket. */
export class DebuggerSession extends Session {
  readonly #socket: WebSocket;
  readonly #workers = new Map<string, WorkerSession>();

  private constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.received(String(data)));
    socket.addEventListener('close', () => {
      this.lost();
      for (const worker of this.#workers.values()) worker.end();
    });
  }

  /** @throws {Failure} when there is no answer */
  static async open(url: string): Promise<DebuggerSession> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Failure(`no debugger answers at ${url}`)));
    });
    const session = new DebuggerSession(socket);
    // A process does not exit while a debugger is connected.
    await session.ask('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true });
    return session;
  }

  /** The worker threads of the process. */
  async workers(): Promise<readonly WorkerSession[]> {
    await this.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return [...this.#workers.values()];
  }

  /** Closes the connection, and waits until the process has closed it, too. */
  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => {
      this.#socket.addEventListener('close', () => resolve());
    });
    this.#socket.close();
    await closed;
  }

  protected override onEvent(event: string, params: Record<string, unknown>): void {
    const { sessionId, message } = params as { sessionId: string; message: string };
    if (event === 'NodeRuntime.waitingForDisconnect') void this.close();
    else if (event === 'NodeWorker.attachedToWorker')
      this.#workers.set(sessionId, new WorkerSession(this, sessionId));
    else if (event === 'NodeWorker.receivedMessageFromWorker')
      this.#workers.get(sessionId)?.tell(message);
    else if (event === 'NodeWorker.detachedFromWorker') {
      this.#workers.get(sessionId)?.end();
      this.#workers.delete(sessionId);
    }
  }

  protected send(text: string): void {
    this.#socket.send(text);
  }
}

/** A session with a worker thread, through the inspector of its process. */
export class WorkerSession extends Session {
  protected override readonly gone: Failure = new ThreadEnded('the thread has ended');
  readonly #process: DebuggerSession;
  readonly #sessionId: string;

  constructor(process: DebuggerSession, sessionId: string) {
    super();
    this.#process = process;
    this.#sessionId = sessionId;
  }

  /** Handles a message for this thread. */
  tell(message: string): void {
    this.received(message);
  }

  /** The thread has ended. */
  end(): void {
    this.lost();
  }

  protected send(message: string): void {
    const params = { sessionId: this.#sessionId, message };
    this.#process.ask('NodeWorker.sendMessageToWorker', params).catch(() => this.lost());
  }
}
