import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import * as assert from 'uvu/assert';
import { gaierror } from '../../../src/base/errors/os-errors.ts';
import { inet6Address, inetAddress } from '../../../src/sock/addresses/address.ts';
import { resolveLocally } from '../../../src/sock/addresses/resolve.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import { attempt } from '../../support/drivers.ts';
import { rejects } from '../../support/rejects.ts';

const four = (host: string): unknown => resolveLocally(AF_INET, inetAddress(host, 1))[0];
const six = (host: string): unknown => resolveLocally(AF_INET6, inet6Address(host, 1))[0];

behaviour('resolveLocally', (it) => {
  it('leaves numbers as they are', () => {
    assert.is(four('10.1.2.3'), '10.1.2.3');
    assert.is(six('fe80::1'), 'fe80::1');
  });

  it('resolves the names of the loopback', () => {
    assert.is(four('localhost'), '127.0.0.1');
    assert.is(six('localhost'), '::1');
    assert.is(four('LOCALHOST.'), '127.0.0.1');
    assert.is(four('app.localhost'), '127.0.0.1');
  });

  it('resolves the empty name to any address', () => {
    assert.is(four(''), '0.0.0.0');
    assert.is(six(''), '::');
  });

  it('resolves the name of this machine', () => {
    assert.ok(isIPv4(String(four(hostname()))));
  });

  it('resolves the name of the broadcast address', () => {
    assert.is(four('<broadcast>'), '255.255.255.255');
  });

  it('leaves paths as they are', () => {
    assert.is(resolveLocally(AF_UNIX, '/tmp/x'), '/tmp/x');
  });

  it('refuses a number of the other family', async () => {
    const wrong = { message: '[Errno -9] Address family for hostname not supported' };

    await rejects(
      attempt(() => four('::1')),
      gaierror,
      wrong,
    );
    await rejects(
      attempt(() => six('127.0.0.1')),
      gaierror,
      wrong,
    );
  });

  it('refuses a name that needs a look-up', async () => {
    await rejects(
      attempt(() => four('nowhere.invalid')),
      gaierror,
      { message: '[Errno -2] Name or service not known' },
    );
  });
});
