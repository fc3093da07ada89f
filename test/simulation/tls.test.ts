/** TLS between simulated hosts, which does the same again as far as its random numbers allow. */
import * as assert from 'uvu/assert';
import { isException, openConnection, sleep, startServer, timeout } from '../../src/index.ts';
import { type SimulationOptions, simulate } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';

// Of Ed25519, whose signatures have one length, for localhost, until 2126.
const KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEID5jj6kRDdm2Zfis7/MYNAxLeOu8zLxpWM5V82pZdoVI
-----END PRIVATE KEY-----
`;
const CERT = `-----BEGIN CERTIFICATE-----
MIIBVTCCAQegAwIBAgIUBr3Qa5TYU1T30232bqqxRhbBcx4wBQYDK2VwMBQxEjAQ
BgNVBAMMCWxvY2FsaG9zdDAgFw0yNjExMjkxMTQxMjVaGA8yMTI2MTEwNTExNDEy
NVowFDESMBAGA1UEAwwJbG9jYWxob3N0MCowBQYDK2VwAyEAzJ2OKBC+UIe9YDtZ
5Sb+BNWJeOcMZi5FzPFH57F5zhqjaTBnMB0GA1UdDgQWBBQCrDk2Q8WSjRawDz7J
cPvzP9PehDAfBgNVHSMEGDAWgBQCrDk2Q8WSjRawDz7JcPvzP9PehDAPBgNVHRMB
Af8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAFBgMrZXADQQDUWlXm7tzI
8y/6qNyFHAVlsHVwVbv63Ldb28NMQguAeKA5mKrNTNTAG34jH8JAdTKhgDd2jZRV
XasQ8MzLs8QJ
-----END CERTIFICATE-----
`;

const ROUNDS = 3;

/** Clients that send lines, and get them back; what each run was. */
async function play(begins: 'at once' | 'later', options: SimulationOptions) {
  let passed = 0;
  const runs: string[] = [];
  const traces: string[] = [];
  await simulate(
    async (world) => {
      const ssl = { key: KEY, cert: CERT };
      world.host('server', async () => {
        await using server = await startServer(
          async (reader, writer) => {
            try {
              if (begins === 'later') {
                writer.write(await reader.readline());
                await writer.startTls(ssl);
              }
              for (let line = await reader.readline(); line.length > 0; ) {
                writer.write(line);
                await writer.drain();
                line = await reader.readline();
              }
            } catch (error) {
              if (!isException(error)) throw error;
            } finally {
              writer.close();
            }
          },
          '0.0.0.0',
          443,
          begins === 'at once' ? { ssl } : {},
        );
        await server.serveForever();
      });
      let round = 0;
      const trust = { ca: CERT };
      const named = { serverHostname: 'localhost' };
      const use = async (): Promise<void> => {
        const secure = begins === 'at once' ? { ssl: trust, ...named } : {};
        const [reader, writer] = await openConnection('server', 443, secure);
        try {
          if (begins === 'later') {
            writer.write('begin\n');
            await reader.readline();
            await writer.startTls(trust, named);
          }
          for (let n = 0; n < 5; n += 1) {
            const line = `secret ${n} ${'x'.repeat(2000 * n)}\n`;
            writer.write(line);
            const got = `${await reader.readline()}`;
            if (!got.endsWith('\n')) return;
            assert.is(got, line);
          }
          passed += 1;
        } finally {
          writer.close();
        }
      };
      world.host('client', async () => {
        while (round < ROUNDS) {
          round += 1;
          try {
            await timeout(20, use);
          } catch (error) {
            if (error instanceof assert.Assertion || !isException(error)) throw error;
            await sleep(0.5);
          }
        }
      });
      await world.eventually(() => round === ROUNDS, 3600, 'all rounds');
      await sleep(40);
    },
    {
      ...options,
      onRun: ({ digest, steps, bytes, trace }) => {
        runs.push(`${digest} ${steps} ${bytes}`);
        traces.push(trace);
      },
    },
  );
  return { passed, runs, traces };
}

behaviour('TLS in a simulation', (it) => {
  for (const begins of ['at once', 'later'] as const) {
    it(`works between hosts, and is deterministic: ${begins}`, async () => {
      const first = await play(begins, {});
      const again = await play(begins, {});

      assert.is(first.passed, ROUNDS);
      assert.equal(again.runs, first.runs);
      assert.equal(again.traces, first.traces);
      assert.match(`${first.traces}`, / tls \d+\n/);
      assert.not.match(`${first.traces}`, /secret/);
    });

    it(`is deterministic under hell: ${begins}`, async () => {
      const first = await play(begins, { faults: 'hell', runs: 5 });
      const again = await play(begins, { faults: 'hell', runs: 5 });

      assert.ok(first.passed > 0);
      assert.equal(again.runs, first.runs);
      assert.equal(again.traces, first.traces);
    });
  }
});

behaviour('The digest of a run', (it) => {
  it('differs if the same number of bytes was sent, but with other values', async () => {
    const digestOf = async (text: string): Promise<string> => {
      const { digest } = await simulate(async (world) => {
        const note = world.host('client', async () => void world.note('note'));
        await world.ended(note);
        const server = await startServer((_reader, writer) => writer.close(), '127.0.0.1', 80);
        const [, writer] = await openConnection('127.0.0.1', 80);
        writer.write(text);
        await writer.drain();
        writer.close();
        server.close();
      });
      return digest;
    };

    assert.is(await digestOf('one'), await digestOf('one'));
    assert.is.not(await digestOf('one'), await digestOf('two'));
  });
});
