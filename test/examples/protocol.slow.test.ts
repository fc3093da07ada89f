/** The servers of examples/protocol, with a client that does not read what is yelled back. */
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Client } from '../support/client.ts';
import { freePort, Program } from '../support/program.ts';

for (const name of ['yell-server', 'yell-statistics'])
  behaviour(`examples/protocol/${name}.ts`, (it) => {
    it(
      'receives no more from a client that does not read, until it does',
      async () => {
        const port = await freePort();
        await using _program = Program.typescript(`examples/protocol/${name}.ts`, [], {
          env: { PORT: String(port) },
        });
        using client = await Client.to(port);
        const data = Buffer.alloc(50_000_000, 'xyz \xe4');
        let isSent = false;
        client.pause();
        const sending = client.send(data).then(() => {
          isSent = true;
        });
        await client.stuck();
        assert.is(isSent, false);

        client.resume();
        const yelled = await client.receive(data.length);
        await sending;
        assert.ok(yelled.equals(Buffer.alloc(data.length, 'XYZ \xe4')));
      },
      { seconds: 30 },
    );
  });
