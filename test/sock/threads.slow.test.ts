import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';
import { DRIVERS } from '../support/drivers.ts';

/** Threads that are terminated at random moments; WORKERS=200 has as many. */
const WORKERS = Number(process.env['WORKERS'] ?? 60);

for (const { name, real } of DRIVERS) {
  if (!real) continue;
  const env = { ASYNCIO_SOCKETS: name };

  behaviour(`a thread with sockets (${name})`, (it) => {
    for (const [how, what] of [
      ['terminate', 'is terminated'],
      ['exit', 'exits'],
      ['throw', 'fails'],
    ] as const)
      it(
        `closes its sockets when it ${what}`,
        async () => {
          const ended = await runFile('test/sock/children/threads.ts', { args: [how], env });

          assert.equal(ended, {
            status: 0,
            stdout: `${how}: all closed, nothing left\n`,
            stderr: '',
          });
        },
        { seconds: 60 },
      );
  });

  behaviour(`a process with sockets (${name})`, (it) => {
    it(
      'exits while tasks wait for its sockets',
      async () => {
        const ended = await runFile('test/sock/children/exits.ts', { env });

        assert.equal(ended, { status: 7, stdout: '', stderr: '' });
      },
      { seconds: 30 },
    );
  });
}

behaviour('a thread that watches descriptors', (it) => {
  it(
    "keeps none of the process's callbacks when it is terminated",
    async () => {
      const ended = await runFile('test/sock/children/kept-callbacks.ts');

      assert.equal(ended, { status: 0, stdout: '0\n', stderr: '' });
    },
    { seconds: 60 },
  );

  it(
    'does not end the process when it is terminated, whatever it is doing',
    async () => {
      const ended = await runFile('test/sock/children/terminated.ts', { args: [String(WORKERS)] });

      assert.equal(ended, { status: 0, stdout: `${WORKERS} have ended\n`, stderr: '' });
      console.log(`    ${WORKERS} threads were terminated at random moments`);
    },
    { seconds: 60 + WORKERS },
  );
});
