import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithUs } from './children.ts';

/** What a server is loaded with: connections with one message each under way. */
export interface Load {
  readonly connections: number;
  /** Bytes of a message. */
  readonly size: number;
}

/** A load, and whom it is for. */
export interface LoadOrder extends Load {
  readonly port: number;
  /** The server's process, whose processor time is read. */
  readonly pid: number;
  /** Seconds of load before the measured ones. */
  readonly warmUp: number;
  /** Seconds that are measured. */
  readonly seconds: number;
}

/** What came of a load. */
export interface LoadResult {
  /** Messages that came back while it was measured. */
  readonly messages: number;
  /** The time that was measured, in seconds. */
  readonly seconds: number;
  /** The server's processor time in that time, in seconds. */
  readonly serverCpu: number;
  /** The client's own, in seconds: near to `seconds`, it is the client that is measured. */
  readonly clientCpu: number;
}

/** What the client answers. */
export type LoadAnswer = { readonly result: LoadResult } | { readonly failure: string };

/** The process that loads the servers, one after another. */
export class LoadClient {
  readonly #process: ChildProcess = fork(fileURLToPath(new URL('load-client.ts', import.meta.url)));

  constructor() {
    endWithUs(this.#process);
  }

  /** @throws {Error} when a connection broke, or bytes were lost, added or changed */
  run(order: LoadOrder): Promise<LoadResult> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the load client has ended'));
      child.once('exit', ended);
      child.once('message', (answer: LoadAnswer) => {
        child.off('exit', ended);
        if ('result' in answer) resolve(answer.result);
        else reject(new Error(answer.failure));
      });
      child.send(order);
    });
  }

  end(): void {
    this.#process.disconnect();
  }
}
