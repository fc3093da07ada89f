/** Servers and clients of CPython and ours talk with each other: two million bytes both ways, or datagrams. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { selfSigned } from '../../../src/echo/certificate.ts';
import { behaviour } from '../../support/behaviour.ts';
import { freePort, Program } from '../../support/program.ts';

type Language = 'CPython' | 'ours';

const hasPython = spawnSync(process.env['PYTHON'] ?? 'python3', ['--version']).status === 0;

function program(language: Language, env: NodeJS.ProcessEnv): Program {
  return language === 'CPython'
    ? Program.python('test/parity/talking/talk.py', { env })
    : Program.typescript('test/parity/talking/talk.ts', [], { env });
}

/** Servers of all kinds talk with their clients, in two processes; what the clients print of each. */
async function talk(server: Language, client: Language): Promise<string[]> {
  const keys = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
  const places = {
    tcp: await freePort(),
    unix: path.join(keys, 'sock'),
    TLS: await freePort(),
    udp: await freePort(),
  };
  const { key, cert } = selfSigned(['localhost']);
  writeFileSync(path.join(keys, 'key.pem'), key);
  writeFileSync(path.join(keys, 'cert.pem'), cert);
  const env = { PLACES: JSON.stringify(places), KEYS: keys };
  try {
    await using serving = program(server, { ...env, ROLE: 'server' });
    await serving.shows(/ready\n/);
    await using talking = program(client, { ...env, ROLE: 'client' });

    assert.equal(await talking.ends(), { status: 0, signal: null }, talking.stderr);
    assert.is(serving.stderr, '');
    return talking.stdout.split('\n');
  } finally {
    rmSync(keys, { recursive: true });
  }
}

behaviour('what programs say to each other', (it) => {
  for (const [server, client] of [
    ['ours', 'ours'],
    ['CPython', 'ours'],
    ['ours', 'CPython'],
  ] as const) {
    let talked: Promise<string[]> | undefined;
    for (const kind of ['tcp', 'unix', 'TLS', 'udp']) {
      const scenario = async (): Promise<void> => {
        talked ??= talk(server, client);
        assert.ok((await talked).includes(`${kind}: the same`), String(await talked));
      };
      const sentence = `is all carried over ${kind}, server ${server}, client ${client}`;
      const isAll = server === 'ours' && client === 'ours';
      if (hasPython || isAll) it(sentence, scenario, { seconds: 30 });
      else it.skip(sentence, 'there is no python3', scenario);
    }
  }
});
