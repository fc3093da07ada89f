import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Client } from '../support/client.ts';
import { freePort, Program } from '../support/program.ts';

behaviour('examples/pass-socket', (it) => {
  it(
    'has a child serve on the socket of its parent',
    async () => {
      const port = await freePort();
      const env = { PORT: String(port) };
      await using server = Program.typescript('examples/pass-socket/server.ts', [], { env });
      const [, pid] = await server.shows(/^process (\d+) serves$/m);
      assert.is.not(pid, String(server.pid));

      const clients = [await Client.to(port), await Client.to(port)];
      for (const client of clients) {
        await client.send('hello\n');
        const expected = `${pid}: hello\n`;
        assert.is(String(await client.receive(expected.length)), expected);
        client.close();
      }

      // The end of the parent is the end of the child.
      server.signal('SIGINT');
      assert.equal(await server.ends(), { status: 130, signal: null });
      assert.is(server.stderr, 'KeyboardInterrupt\n');
    },
    { seconds: 60 },
  );
});
