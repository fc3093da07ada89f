import * as assert from 'uvu/assert';
import { BaseProtocol, Protocol, Transport } from '../../src/index.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { receiveAll, socketsOn } from '../support/transports.ts';

loopBehaviour('Protocol', (it) => {
  it('is a BaseProtocol', async () => {
    assert.ok(new Protocol() instanceof BaseProtocol);
  });

  for (const { name } of DRIVERS)
    it(
      `ignores its callbacks, and closes at the end of the stream, on ${name}`,
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const [transport] = await loop.createConnection(
          () => new Protocol(),
          undefined,
          undefined,
          {
            sock,
          },
        );

        await loop.sockSendall(peer, Buffer.from('ignored'));
        peer.shutdown(1);

        assert.ok(transport instanceof Transport);
        assert.is(String(await receiveAll(loop, peer)), '');
        assert.is(transport.isClosing(), true);
        peer.close();
      },
      {
        clock: 'real',
        cpython: [
          'test_protocols.py::ProtocolsAbsTests::test_base_protocol',
          'test_protocols.py::ProtocolsAbsTests::test_protocol',
        ],
      },
    );
});
