/** Servers and clients of CPython and ours talk with each other: two million bytes both ways, or datagrams. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { selfSigned } from '../../../src/echo/certificate.ts';
import { behaviour } from '../../support/behaviour.ts';
import { freePort, Program } from '../../support/program.ts';

const hasPython = spawnSync(process.env['PYTHON'] ?? 'python3', ['--version']).status === 0;

function program(language: 'CPython' | 'ours', env: NodeJS.ProcessEnv): Program {
  return language === 'CPython'
    ? Program.python('test/parity/talking/talk.py', { env })
    : Program.typescript('test/parity/talking/talk.ts', [], { env });
}

behaviour('what programs say to each other', (it) => {
  for (const [kind, isEncrypted, what] of [
    ['tcp', false, 'tcp'],
    ['unix', false, 'unix'],
    ['tcp', true, 'TLS'],
    ['udp', false, 'udp'],
  ] as const)
    for (const [server, client] of [
      ['ours', 'ours'],
      ['CPython', 'ours'],
      ['ours', 'CPython'],
    ] as const) {
      const talk = async (): Promise<void> => {
        const directory = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
        const where = kind === 'unix' ? path.join(directory, 'sock') : String(await freePort());
        const env = { KIND: kind, WHERE: where, TLS: isEncrypted ? directory : '' };
        const { key, cert } = selfSigned(['localhost']);
        writeFileSync(path.join(directory, 'key.pem'), key);
        writeFileSync(path.join(directory, 'cert.pem'), cert);
        try {
          await using serving = program(server, { ...env, ROLE: 'server' });
          await serving.shows(/ready\n/);
          await using talking = program(client, { ...env, ROLE: 'client' });

          assert.equal(await talking.ends(), { status: 0, signal: null }, talking.stderr);
          assert.is(talking.stdout, 'the same\n');
          assert.is(serving.stderr, '');
        } finally {
          rmSync(directory, { recursive: true });
        }
      };
      const sentence = `is all carried over ${what}, server ${server}, client ${client}`;
      const isAll = server === 'ours' && client === 'ours';
      if (hasPython || isAll) it(sentence, talk, { seconds: 30 });
      else it.skip(sentence, 'there is no python3', talk);
    }
});
