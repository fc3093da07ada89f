import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { checkAddress, inet6Address, inetAddress } from '../../../src/sock/addresses/address.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('an address', (it) => {
  it('prints as a Python tuple wherever it is printed', () => {
    const address = inetAddress('127.0.0.1', 33_090);

    assert.is(String(address), "('127.0.0.1', 33090)");
    assert.is(`from ${address}`, "from ('127.0.0.1', 33090)");
    assert.is(inspect(address), "('127.0.0.1', 33090)");
    assert.is(inspect({ address }), "{ address: ('127.0.0.1', 33090) }");
  });

  it('prints flow and scope for IPv6', () => {
    assert.is(String(inet6Address('::1', 41_471)), "('::1', 41471, 0, 0)");
  });

  it('can be taken apart', () => {
    const [host, port] = inetAddress('127.0.0.1', 80);

    assert.equal([host, port], ['127.0.0.1', 80]);
    assert.is(inetAddress('127.0.0.1', 80).length, 2);
  });

  it('is an array otherwise', () => {
    const address = inetAddress('127.0.0.1', 80);

    assert.ok(Array.isArray(address));
    assert.is(JSON.stringify(address), '["127.0.0.1",80]');
    assert.equal([...address], ['127.0.0.1', 80]);
    assert.is(Object.getPrototypeOf(address.map(String)), Array.prototype);
  });

  it('cannot be changed', () => {
    const address = inetAddress('127.0.0.1', 80) as unknown as [string, number];

    assert.throws(() => {
      address[1] = 81;
    }, /read only/);
  });

  it('is completed from partial arguments', () => {
    assert.is(String(checkAddress(AF_INET6, ['::1', 80], 'bind')), "('::1', 80, 0, 0)");
    assert.is(String(checkAddress(AF_INET6, ['::1', 80, 1, 2], 'bind')), "('::1', 80, 1, 2)");
    assert.is(checkAddress(AF_UNIX, '/tmp/x', 'bind'), '/tmp/x');
    assert.is(
      String(checkAddress(AF_INET, ['localhost', 8000] as const, 'bind')),
      "('localhost', 8000)",
    );
  });

  it('refuses a path that the system would truncate', () => {
    assert.throws(() => checkAddress(AF_UNIX, 'x'.repeat(108), 'bind'), /AF_UNIX path too long/);
    assert.throws(() => checkAddress(AF_UNIX, 'a\0name', 'bind'), /NUL byte/);
    assert.is(checkAddress(AF_UNIX, '\0name', 'bind'), '\0name');
  });
});
