import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endWithUs, howItEnded } from './children.ts';
import type { LoadAnswer, LoadOrder, LoadResult, WireName } from './loads.ts';
import { pin } from './processors.ts';

/** There is no client, or it has ended, so nothing can be measured. The message is for the user. */
export class ClientError extends Error {}

/** The process that loads the servers, one after another. */
export class LoadClient {
  /** How it connects to them. */
  readonly wire: WireName;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, wire: WireName) {
    this.#process = child;
    this.wire = wire;
  }

  /**
   * @param wanted - by default, `epoll` if available
   * @throws {ClientError} if it does not start, or does not support `wanted`
   */
  static async start(wanted: WireName | undefined): Promise<LoadClient> {
    const file = fileURLToPath(new URL('client/main.ts', import.meta.url));
    const [program, ...args] = [...pin('client'), process.execPath, ...process.execArgv];
    const child = fork(file, wanted === undefined ? [] : [wanted], {
      execPath: program as string,
      execArgv: args,
    });
    endWithUs(child);
    const answered = once(child, 'message') as Promise<[LoadAnswer]>;
    const [answer] = await Promise.race([answered, gone(child)]);
    if ('ready' in answer) return new LoadClient(child, answer.ready);
    child.disconnect();
    throw new ClientError('failure' in answer ? answer.failure : 'the load client is not ready');
  }

  /**
   * @throws {Error} if a connection failed, or bytes were lost, added or changed
   * @throws {ClientError} if the client itself has ended
   */
  run(order: LoadOrder): Promise<LoadResult> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const answered = (answer: LoadAnswer): void => {
        child.off('exit', ended);
        if ('result' in answer) resolve(answer.result);
        else reject(new Error('failure' in answer ? answer.failure : 'no result came'));
      };
      const ended = (): void => {
        child.off('message', answered);
        reject(new ClientError(`the load client ${howItEnded(child)}`));
      };
      if (howItEnded(child) !== undefined) return ended();
      child.once('exit', ended).once('message', answered);
      child.send(order, () => {}); // if it cannot be sent, `exit` follows
    });
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

async function gone(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new ClientError(`the load client ${howItEnded(child)} before it was ready`);
}
