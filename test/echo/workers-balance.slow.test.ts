import { once } from 'node:events';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';

const CONNECTIONS = 10_000;
const WORKERS = 4;
const AT_A_TIME = 16;

/** Connects, and waits until a worker has answered. */
async function visit(port: number): Promise<void> {
  const client = connect(port, '127.0.0.1');
  client.write('x');
  await once(client, 'data');
  client.destroy();
}

behaviour('asyncio-ts echo --workers', (it) => {
  it(
    'spreads 10,000 connections evenly',
    async () => {
      const args = ['echo', '--workers', String(WORKERS), '--port', '0'];
      await using program = Program.command(args, { env: { ASYNCIO_SOCKETS: 'posix' } });
      const [, port] = await program.shows(/^echo: listening on \('.*', (\d+)/);

      for (let n = 0; n < CONNECTIONS; n += AT_A_TIME)
        await Promise.all(Array.from({ length: AT_A_TIME }, () => visit(Number(port))));

      const fair = CONNECTIONS / WORKERS;
      for (let worker = 1; worker <= WORKERS; worker += 1) {
        const accepted = program.stdout.split(`echo: worker ${worker}: got a connect`).length - 1;
        assert.ok(Math.abs(accepted - fair) < 0.2 * fair, `worker ${worker} accepted ${accepted}`);
      }
    },
    { seconds: 120 },
  );
});
