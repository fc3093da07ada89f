import * as assert from 'uvu/assert';
import { OSError, Protocol } from '../../src/index.ts';
import { DRIVERS, received } from '../support/drivers.ts';
import { loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { throws } from '../support/throws.ts';
import { socketsOn } from '../support/transports.ts';

for (const { name, shown = name } of DRIVERS)
  loopBehaviour(`TransportSocket.dup on ${name}`, (it) => {
    it(
      shown === 'posix'
        ? 'returns a socket of the same connection, which outlives the transport'
        : 'throws because the driver has no descriptors',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const [transport] = await loop.createConnection(
          () => new Protocol(),
          undefined,
          undefined,
          { sock },
        );
        const seen = transport.getExtraInfo('socket');
        assert.ok(seen);

        if (shown === 'posix') {
          const copy = seen.dup();
          assert.is.not(copy.fileno(), seen.fileno());
          assert.is(String(copy.getpeername()), String(seen.getpeername()));
          assert.equal([copy.driver, copy.gettimeout(), copy.getInheritable()], [shown, 0, false]);
          transport.close();
          await settle(loop);
          copy.send(Buffer.from('still here'));
          assert.is(String(await received(peer)), 'still here');
          copy.close();
        } else {
          throws(() => seen.dup(), OSError, { code: 'EOPNOTSUPP', message: /has no descriptors/ });
          transport.close();
          await settle(loop);
        }

        assert.is((await received(peer)).length, 0);
        throws(() => seen.dup(), OSError, { code: 'EBADF' });
        peer.close();
      },
      { clock: 'real' },
    );
  });
