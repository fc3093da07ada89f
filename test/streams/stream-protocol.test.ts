import * as assert from 'uvu/assert';
import { RuntimeError, StreamReader, StreamReaderProtocol, setEventLoop } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { throws } from '../support/throws.ts';

const SUITE = 'test_streams.py::StreamTests::';

loopBehaviour('StreamReaderProtocol', (it) => {
  it('gives its reader what a transport tells it', async () => {
    const reader = new StreamReader();
    const protocol = new StreamReaderProtocol(reader);

    protocol.dataReceived(Buffer.from('data'));
    assert.is(protocol.eofReceived(), true);

    assert.is(String(await reader.read()), 'data');
  });

  it.resting(
    'is of the loop that is given, or of the current one',
    async (loop) => {
      const reader = new StreamReader({ loop });
      throws(() => new StreamReaderProtocol(reader), RuntimeError, {
        message: 'There is no current event loop',
      });
      const protocols = [new StreamReaderProtocol(reader, undefined, { loop })];
      setEventLoop(loop);
      protocols.push(new StreamReaderProtocol(reader));
      setEventLoop(undefined);
      await loop.runUntilComplete(
        async () => void protocols.push(new StreamReaderProtocol(reader)),
      );

      for (const protocol of protocols) assert.is(protocol._whenClosed().getLoop(), loop);
    },
    {
      cpython: [
        `${SUITE}test_streamreaderprotocol_constructor_without_loop`,
        `${SUITE}test_streamreaderprotocol_constructor_use_running_loop`,
        `${SUITE}test_streamreaderprotocol_constructor_use_global_loop`,
      ],
    },
  );
});
