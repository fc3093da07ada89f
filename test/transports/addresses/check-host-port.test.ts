import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const OPTIONS = { host: '127.0.0.1', port: 0 } as never;

loopBehaviour('A host, a port or a path', (it) => {
  it('is refused immediately, with a clear message, if options were passed in its place', async (loop) => {
    const factory = (): asyncio.Protocol => new asyncio.Protocol();
    const handler = (): void => {};
    const calls: Record<string, (place: never) => unknown> = {
      'startServer(handler, host, port, options)': (place) => asyncio.startServer(handler, place),
      'openServer(host, port, options)': asyncio.openServer,
      'openConnection(host, port, options)': asyncio.openConnection,
      'createServer(protocolFactory, host, port, options)': (place) =>
        loop.createServer(factory, place),
      'createConnection(protocolFactory, host, port, options)': (place) =>
        loop.createConnection(factory, place),
      'startUnixServer(handler, path, options)': (place) => asyncio.startUnixServer(handler, place),
      'openUnixServer(path, options)': asyncio.openUnixServer,
      'openUnixConnection(path, options)': asyncio.openUnixConnection,
      'createUnixServer(protocolFactory, path, options)': (place) =>
        loop.createUnixServer(factory, place),
      'createUnixConnection(protocolFactory, path, options)': (place) =>
        loop.createUnixConnection(factory, place),
    };

    for (const [call, make] of Object.entries(calls)) {
      const error = thrownBy(() => make(OPTIONS));
      assert.ok(error.startsWith(`TypeError: ${call}: `), error);
      assert.ok(error.endsWith(', got an object of class Object'), error);
      assert.ok(thrownBy(() => make(8080 as never)).endsWith(', got 8080'));
    }
  });

  it('is refused if options were passed in place of the port only', async () => {
    const options = { limit: 5 } as never;

    throws(() => asyncio.startServer(() => {}, '127.0.0.1', options), TypeError, {
      message:
        'startServer(handler, host, port, options): port must be a number or a string, ' +
        'got an object of class Object',
    });
    throws(() => asyncio.openConnection('127.0.0.1', options), TypeError);
  });

  it('may be omitted if there is a socket', async () => {
    await rejects(
      asyncio.startServer(() => {}),
      RangeError,
    );
    throws(() => asyncio.startServer(() => {}, null as never), TypeError);
    throws(() => asyncio.openConnection('127.0.0.1', null as never), TypeError);
  });
});

function thrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
}
