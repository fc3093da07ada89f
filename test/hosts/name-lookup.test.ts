import { hostname } from 'node:os';
import * as assert from 'uvu/assert';
import { gaierror, OSError } from '../../src/base/errors/os-errors.ts';
import { run } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import { runCommand } from '../support/child.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const REAL = { clock: 'real' } as const;
loopBehaviour('Look-ups of hosts', (it) => {
  it(
    'return addresses of numeric hosts and of this machine',
    async () => {
      assert.is(await socket.gethostbyname('localhost'), '127.0.0.1');
      assert.is(await socket.gethostbyname('127.1'), '127.0.0.1');
      assert.is(await socket.gethostbyname(''), '0.0.0.0');
      assert.is(await socket.gethostbyname('<broadcast>'), '255.255.255.255');
      assert.equal(await socket.gethostbynameEx('127.0.0.1'), ['127.0.0.1', [], ['127.0.0.1']]);
      const [name, , [address]] = await socket.gethostbyaddr('127.0.0.1');
      assert.equal([typeof name, address], ['string', '127.0.0.1']);
      const [[, , , , first]] = (await socket.getaddrinfo('127.0.0.1', 80)) as [socket.AddressInfo];
      assert.is(String(first), "('127.0.0.1', 80)");
      const numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV;
      assert.equal(await socket.getnameinfo(['127.0.0.1', 80], numeric), ['127.0.0.1', '80']);
    },
    REAL,
  );

  it(
    'return the full name of a host',
    async () => {
      assert.is(await socket.getfqdn('192.0.2.1'), '192.0.2.1');
      assert.is(await socket.getfqdn(), await socket.getfqdn(hostname()));
      assert.is(await socket.getfqdn('  '), await socket.getfqdn('0.0.0.0'));
    },
    REAL,
  );

  it(
    'fail if there is no such host',
    async () => {
      for (const call of [socket.gethostbyname, socket.gethostbynameEx]) {
        await rejects(call('::1'), gaierror, { code: 'EAI_ADDRFAMILY' });
        await rejects(call('no such host'), gaierror);
      }
      await rejects(socket.gethostbynameEx(''), socket.herror, {
        code: 'HOST_NOT_FOUND',
        message: '[Errno 1] Unknown host',
      });
      await rejects(socket.gethostbyaddr('<broadcast>'), socket.herror);
      await rejects(socket.gethostbyaddr('192.0.2.1'), OSError);
      await rejects(socket.gethostbyaddr(''), OSError, {
        message: 'wildcard resolved to multiple address',
      });
      assert.is(await socket.getfqdn('no such host'), 'no such host');
    },
    REAL,
  );

  it('refuse invalid names immediately', async () => {
    for (const call of Object.values(socket).filter((each) =>
      /^get(host|fqdn)/.test(String((each as { name?: unknown }).name)),
    )) {
      if (call === socket.gethostname) continue;
      const loose = call as (name: unknown) => unknown;
      throws(() => loose(5), TypeError, { message: /must be a string, got 5$/ });
      throws(() => loose('a\0b'), RangeError, { message: /null character/ });
    }
  });
});

behaviour('Look-ups of hosts, beside Python', (it) => {
  it("return what this machine's python3 returns", async () => {
    const hosts = ['localhost', '', '127.0.0.1', '127.1', hostname()];
    const program = `
import json, socket
for host in ${JSON.stringify(hosts)}:
    for call in (socket.gethostbyname, socket.gethostbyname_ex, socket.gethostbyaddr, socket.getfqdn):
        try: print(json.dumps(call(host)))
        except OSError as error: print(type(error).__name__)
print(json.dumps(socket.if_nameindex()))
for name in ('http', 'https', 'domain', 'www', 'ssh', 'nope'):
    for proto in ((), ('tcp',), ('udp',)):
        try: print(socket.getservbyname(name, *proto))
        except OSError as error: print(error)
for port in (80, 53, 22, 123, 64999):
    for proto in ((), ('tcp',), ('udp',)):
        try: print(socket.getservbyport(port, *proto))
        except OSError as error: print(error)
for name in ('tcp', 'UDP', 'icmp', 'ipv6-icmp', 'nope'):
    try: print(socket.getprotobyname(name))
    except OSError as error: print(error)
`;
    const python = await runCommand('python3', ['-c', program]).catch(() => undefined);
    if (python === undefined) return; // no Python here
    const lines: string[] = [];
    const tell = async (call: () => unknown): Promise<void> => {
      try {
        const value = await call();
        lines.push(typeof value === 'object' ? JSON.stringify(value) : String(value));
      } catch (error) {
        lines.push((error as Error).message);
      }
    };
    await run(async () => {
      for (const host of hosts)
        for (const call of [
          socket.gethostbyname,
          socket.gethostbynameEx,
          socket.gethostbyaddr,
          socket.getfqdn,
        ])
          try {
            lines.push(JSON.stringify(await call(host)));
          } catch (error) {
            // Python says of gethostbyname_ex('') that the server has an error.
            lines.push((error as Error).name);
          }
      await tell(() => socket.ifNameindex());
      const protos = [[], ['tcp'], ['udp']] as const;
      for (const name of ['http', 'https', 'domain', 'www', 'ssh', 'nope'])
        for (const proto of protos) await tell(() => socket.getservbyname(name, ...proto));
      for (const port of [80, 53, 22, 123, 64999])
        for (const proto of protos) await tell(() => socket.getservbyport(port, ...proto));
      for (const name of ['tcp', 'UDP', 'icmp', 'ipv6-icmp', 'nope'])
        await tell(() => socket.getprotobyname(name));
    });
    const theirs = python.stdout.replace(/, /g, ',').replaceAll(': ', ':');
    assert.is(`${lines.join('\n')}\n`, theirs);
  });
});
