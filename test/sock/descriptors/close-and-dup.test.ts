import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { OSError } from '../../../src/base/errors/os-errors.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import { attempt, connectedPair, DRIVERS, received, stream } from '../../support/drivers.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

/** Does the kernel close it in child processes? */
function closesOnExec(fd: number): boolean {
  const [, flags = ''] =
    /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  return (Number.parseInt(flags, 8) & socket.SOCK_CLOEXEC) !== 0;
}

for (const { name: driver } of DRIVERS) {
  const isPosix = driver.startsWith('posix');

  behaviour(`close() of a number (${driver})`, (it) => {
    it('closes what was detached, and notifies its peer', async () => {
      const { client, server, close } = await connectedPair(driver);
      const fd = server.detach();

      socket.close(fd);

      assert.is((await received(client)).length, 0);
      await rejects(
        attempt(() => socket.close(fd)),
        OSError,
        { code: 'EBADF' },
      );
      await rejects(
        attempt(() => socket.socket(-1, -1, -1, { driver, fileno: fd })),
        OSError,
        { code: isPosix ? 'EBADF' : 'EOPNOTSUPP' },
      );
      close();
    });

    it('closes a file', () => {
      const fd = openSync('/dev/null', 'r');
      socket.close(fd);
      throws(() => fstatSync(fd), Error, { code: 'EBADF' });
    });

    if (isPosix)
      it('leaves the descriptor of a socket to the socket', async () => {
        using sock = stream(driver);
        await rejects(
          attempt(() => socket.close(sock.fileno())),
          OSError,
          { code: 'EBUSY' },
        );
        sock.getsockname();
      });
  });

  behaviour(`Inheritance by child processes (${driver})`, (it) => {
    it('is off, however a socket is created', async () => {
      const { client, server, listener, close } = await connectedPair(driver);
      const [one, other] = socket.socketpair(undefined, undefined, undefined, { driver });
      const fresh = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0, {
        driver,
      });
      const all = [client, server, listener, one, other, fresh];
      if (isPosix) {
        all.push(client.dup(), socket.fromfd(client.fileno(), -1, -1, -1, { driver }));
        const fd = socket.dup(client.fileno());
        assert.ok(closesOnExec(fd));
        socket.close(fd);
      }
      for (const each of all) {
        assert.is(each.getInheritable(), false);
        if (isPosix) assert.ok(closesOnExec(each.fileno()));
      }
      for (const each of all) each.close();
      await rejects(
        attempt(() => fresh.getInheritable()),
        OSError,
        { code: 'EBADF' },
      );
      await rejects(
        attempt(() => fresh.setInheritable(false)),
        OSError,
        { code: 'EBADF' },
      );
      close();
    });

    if (isPosix)
      it('is switched on and off', () => {
        using sock = stream(driver);
        const inChild = (): boolean => {
          const link = `readlink /proc/self/fd/${sock.fileno()} || true`;
          const out = execFileSync('sh', ['-c', link], { stdio: ['ignore', 'pipe', 'ignore'] });
          return String(out).startsWith('socket:');
        };
        sock.setInheritable(true);
        assert.is(sock.getInheritable(), true);
        assert.is(closesOnExec(sock.fileno()), false);
        assert.is(inChild(), true);
        using copy = sock.dup();
        assert.is(copy.getInheritable(), false);
        sock.setInheritable(false);
        assert.is(sock.getInheritable(), false);
        assert.is(inChild(), false);
      });
  });
}

behaviour('dup() of a number', (it) => {
  it('returns another number for the same file', () => {
    const fd = openSync('/dev/null', 'r');
    const copy = socket.dup(fd);
    closeSync(fd);
    assert.ok(copy !== fd);
    fstatSync(copy);
    socket.close(copy);
  });
});
