import * as assert from 'uvu/assert';
import { OSError } from '../../src/base/errors/os-errors.ts';
import { hasReusePort } from '../../src/sock/drivers/node/handles/node-handles.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import { accepted, attempt, connected, DRIVERS, freshPath, stream } from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

for (const { name: driver, real } of DRIVERS) {
  behaviour(`createServer() (${driver})`, (it) => {
    it('returns a listening stream socket', () => {
      for (const [family, address] of [
        [socket.AF_INET, ['127.0.0.1', 0]],
        [socket.AF_INET6, ['::1', 0]],
        [socket.AF_UNIX, freshPath()],
      ] as const) {
        using server = socket.createServer(address, { family, driver, backlog: 5 });
        assert.equal([server.family, server.type], [family, socket.SOCK_STREAM]);
        assert.is(server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1);
        assert.is(server.gettimeout(), undefined);
        if (family === socket.AF_UNIX) assert.is(server.getsockname(), address);
        else assert.is(server.getsockname()[0], address[0]);
      }
    });

    it('shares its port on request', async () => {
      using alone = socket.createServer(['127.0.0.1', 0], { driver });
      assert.is(alone.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT), 0);
      const share = (): socket.Socket =>
        socket.createServer(['127.0.0.1', 0], { driver, reusePort: true });
      if (driver === 'node' && !hasReusePort) {
        await rejects(attempt(share), OSError, { code: 'ENOPROTOOPT' });
        return;
      }
      using shared = share();
      assert.ok(shared.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) !== 0);
      if (!real) return;
      const address = shared.getsockname();
      socket.createServer(address, { driver, reusePort: true }).close();
    });

    it('accepts connections of both IP versions only on request', () => {
      const { IPPROTO_IPV6, IPV6_V6ONLY, AF_INET6: family } = socket;
      using one = socket.createServer(['::1', 0], { family, driver });
      assert.ok(one.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY) !== 0);
      using both = socket.createServer(['', 0], { family, driver, dualstackIpv6: true });
      assert.is(both.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY), 0);
      throws(
        () => socket.createServer(['127.0.0.1', 0], { driver, dualstackIpv6: true }),
        RangeError,
        { message: 'dualstackIpv6 requires the AF_INET6 family' },
      );
    });

    it('serves clients', async () => {
      const { AF_INET, AF_INET6 } = socket;
      const served = [
        [AF_INET, '127.0.0.1', false, AF_INET, '127.0.0.1'],
        [AF_INET6, '::1', false, AF_INET6, '::1'],
        ...(real
          ? ([
              [AF_INET6, '', true, AF_INET, '127.0.0.1'],
              [AF_INET6, '', true, AF_INET6, '::1'],
            ] as const)
          : []),
      ] as const;
      for (const [family, host, dualstackIpv6, clientFamily, clientHost] of served) {
        using server = socket.createServer([host, 0], { family, dualstackIpv6, driver });
        using client = stream(driver, clientFamily);
        const [[peer]] = await Promise.all([
          accepted(server),
          connected(client, [clientHost, server.getsockname()[1] as number]),
        ]);
        peer.close();
      }
    });

    it('says which address is in use, and leaves nothing open', async () => {
      using server = socket.createServer(['127.0.0.1', 0], { driver });
      const address = server.getsockname();

      await rejects(
        attempt(() => socket.createServer(address, { driver })),
        OSError,
        {
          code: 'EADDRINUSE',
          message: `[Errno 98] Address already in use (while attempting to bind on address ${address})`,
        },
      );
      const loose = socket.createServer as (...args: unknown[]) => socket.Socket;
      throws(() => loose('x', { driver }), TypeError, {
        message: /^createServer\(\): an AF_INET ad/,
      });
      throws(() => loose(undefined, { driver }), TypeError);
      throws(() => loose(['127.0.0.1', -1], { driver }), RangeError);
      throws(() => loose(['127.0.0.1', 0], { driver, backlog: 'x' }), TypeError);
      throws(() => loose(['127.0.0.1', 0], { driver, family: 'x' }), TypeError);
      throws(() => loose(['127.0.0.1', 0], { driver: 'none' }), RangeError);
    });
  });

  behaviour(`The default time limit (${driver})`, (it) => {
    it('is the default of new sockets', async () => {
      const fresh = (): socket.Socket => socket.socket(-1, -1, -1, { driver });
      assert.is(socket.getdefaulttimeout(), undefined);
      using server = socket.createServer(['127.0.0.1', 0], { driver });
      try {
        socket.setdefaulttimeout(2.5);
        assert.is(socket.getdefaulttimeout(), 2.5);
        using one = fresh();
        const pair = socket.socketpair(undefined, undefined, undefined, { driver });
        assert.equal(
          [one, ...pair].map((each) => each.gettimeout()),
          [2.5, 2.5, 2.5],
        );
        for (const each of pair) each.close();
        using client = stream(driver);
        assert.is(client.gettimeout(), 0);
        const [[peer]] = await Promise.all([
          accepted(server),
          connected(client, server.getsockname()),
        ]);
        assert.is(peer.gettimeout(), 2.5);
        peer.close();
        socket.setdefaulttimeout(0);
        using other = fresh();
        assert.is(other.getblocking(), false);
        for (const wrong of [-1, Number.NaN, Infinity])
          throws(() => socket.setdefaulttimeout(wrong), RangeError);
        throws(() => socket.setdefaulttimeout('x' as unknown as number), TypeError);
        assert.is(socket.getdefaulttimeout(), 0);
      } finally {
        socket.setdefaulttimeout(undefined);
      }
      using last = fresh();
      assert.is(last.gettimeout(), undefined);
    });
  });
}
