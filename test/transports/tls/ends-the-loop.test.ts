/** Protocols over TLS that end the loop, which is run again. CPython hangs, or leaves the connection open. */
import * as assert from 'uvu/assert';
import { BufferedProtocol, SystemExit, type Task, type Transport } from '../../../src/index.ts';
import { DRIVERS } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { securely } from '../../support/tls.ts';
import { Recorder, until } from '../../support/transports.ts';

/** Throws SystemExit the first time that it is told something. */
class Exiting extends BufferedProtocol {
  readonly calls: string[] = [];
  received = '';
  readonly #buffer = Buffer.alloc(3);
  #fails: string | undefined;

  constructor(fails: string) {
    super();
    this.#fails = fails;
  }

  #tell(method: string): void {
    if (this.calls.at(-1) !== method) this.calls.push(method);
    if (method !== this.#fails) return;
    this.#fails = undefined;
    throw new SystemExit(3);
  }

  override connectionMade(_transport: Transport): void {
    this.#tell('connectionMade');
  }

  override getBuffer(): Uint8Array {
    this.#tell('getBuffer');
    return this.#buffer;
  }

  override bufferUpdated(nbytes: number): void {
    this.received += this.#buffer.subarray(0, nbytes);
    this.#tell('bufferUpdated');
  }

  override eofReceived(): void {
    this.#tell('eofReceived');
  }

  override connectionLost(): void {
    this.#tell('connectionLost');
  }
}

/** Runs a loop to the end of a task that a protocol ends once. */
async function finish(
  run: (task: Task<void>) => PromiseLike<void>,
  task: Task<void>,
): Promise<void> {
  await rejects(run(task), SystemExit);
  await run(task);
}

for (const { name } of DRIVERS)
  loopBehaviour(`A protocol over TLS that ends its loop, on ${name}`, (it) => {
    for (const method of [
      'connectionMade',
      'getBuffer',
      'bufferUpdated',
      'eofReceived',
      'connectionLost',
    ])
      it.resting(
        `gets the remaining callbacks when the loop runs again: ${method}()`,
        async (loop) => {
          const [client, server] = [new Recorder(loop), new Exiting(method)];
          const talk = (): Promise<void> =>
            securely(loop, name, client, server, async (transport) => {
              transport.write(Buffer.from('some bytes'));
              transport.close();
              await client.lost;
              await until(loop, () => server.calls.includes('connectionLost'));
            });

          await finish((task) => loop.runUntilComplete(task), loop.createTask(talk));

          assert.is(server.received, 'some bytes');
          assert.equal(
            [server.calls[0], server.calls.at(-1)],
            ['connectionMade', 'connectionLost'],
          );
          assert.is(server.calls.includes('eofReceived'), true);
        },
        { clock: 'real' },
      );
  });
