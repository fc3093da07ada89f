import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { RuntimeError, StreamReader, StreamReaderProtocol, setEventLoop } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { throws } from '../support/throws.ts';

const SUITE = 'test_streams.py::StreamTests::';

loopBehaviour('StreamReaderProtocol', (it) => {
  it('shows no internal fields in reports', async () => {
    assert.is(inspect(new StreamReaderProtocol(new StreamReader())), 'StreamReaderProtocol {}');
  });

  it('passes to its reader what the transport reports', async () => {
    const reader = new StreamReader();
    const protocol = new StreamReaderProtocol(reader);

    protocol.dataReceived(Buffer.from('data'));
    assert.is(protocol.eofReceived(), true);

    assert.is(String(await reader.read()), 'data');
  });

  it.resting(
    'belongs to the given loop, or the current one',
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
