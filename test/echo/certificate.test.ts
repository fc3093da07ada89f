import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as assert from 'uvu/assert';
import { selfSigned } from '../../src/echo/certificate.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('selfSigned', (it) => {
  it('creates a self-signed certificate for all the given names', () => {
    const { key, cert, fingerprint } = selfSigned(['localhost', '127.0.0.1', '::1', 'fe80::1:2']);
    const read = new X509Certificate(cert);

    assert.is(read.subject, 'CN=localhost');
    assert.is(read.issuer, read.subject);
    assert.ok(read.verify(read.publicKey));
    assert.ok(read.checkPrivateKey(createPrivateKey(key)));
    assert.ok(read.ca);
    assert.is(read.fingerprint256, fingerprint);
    assert.is(read.checkHost('localhost'), 'localhost');
    assert.is(read.checkHost('example.org'), undefined);
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2'])
      assert.is(read.checkIP(address), address);
    assert.is(read.checkIP('127.0.0.2'), undefined);
  });

  it('is valid now, and for the given number of days', () => {
    const { validFrom, validTo } = new X509Certificate(selfSigned(['x'], 10).cert);

    const DAY = 86_400_000;
    assert.ok(Date.parse(validFrom) < Date.now());
    const days = (Date.parse(validTo) - Date.now()) / DAY;
    assert.ok(days > 9.9 && days <= 10, String(days));
  });

  it('creates a new one on each call', () => {
    const [one, other] = [selfSigned(['x']), selfSigned(['x'])];

    assert.is.not(one.key, other.key);
    const serials = [one, other].map(({ cert }) => new X509Certificate(cert).serialNumber);
    assert.is.not(serials[0], serials[1]);
  });

  it('can be parsed if it has many names', () => {
    const names = Array.from({ length: 100 }, (_, n) => `host-${n}.example.org`);

    const read = new X509Certificate(selfSigned(names).cert);

    assert.is(read.checkHost('host-99.example.org'), 'host-99.example.org');
  });
});
