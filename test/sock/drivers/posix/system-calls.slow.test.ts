import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { behaviour } from '../../../support/behaviour.ts';
import { typescript } from '../../../support/program.ts';

const WARM_UP = 50;
const MESSAGES = 200;
/** How long the program under test has nothing to do, in milliseconds. */
const IDLE_MS = 300;
const MARK = 'm'.repeat(77);

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The system calls of the thread that runs the loop, one a line, of an echo under strace. */
async function traced(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'asyncio-ts-strace-'));
  const program = typescript('test/sock/children/echoes.ts');
  const output = join(directory, 'calls');
  const command = ['-ff', '-o', output, process.execPath, ...program];
  const echo = spawn('strace', command, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ASYNCIO_SOCKETS: 'posix', ASYNCIO_COLLECTOR: 'off' },
  });
  try {
    const [line] = (await once(createInterface({ input: echo.stdout }), 'line')) as [string];
    const client = connect(Number(line), '127.0.0.1');
    const ask = async (text: string): Promise<void> => {
      client.write(text);
      await once(client, 'data');
    };
    for (let n = 0; n < WARM_UP; n += 1) await ask('warm up');
    await ask(MARK);
    for (let n = 0; n < MESSAGES; n += 1) await ask('message');
    await ask(MARK);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    await ask(MARK);
    const ended = once(echo, 'exit');
    client.end();
    await ended;
    const name = execFileSync('grep', ['-l', `recvfrom.*"${MARK.slice(0, 20)}`, '-r', directory]);
    return readFileSync(String(name).trim(), 'utf8').split('\n');
  } finally {
    echo.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

behaviour('the posix driver', (it) => {
  if (process.platform !== 'linux' || !hasStrace()) {
    it.skip('makes no more system calls than a message needs', 'there is no strace');
    return;
  }
  it(
    'makes no more system calls than a message needs, and none while it is idle',
    async () => {
      const calls = await traced();
      const marks = calls.flatMap((call, at) => (/^sendto\(.*mmmmmm/.test(call) ? [at] : []));
      const [first = 0, second = 0, third = 0] = marks;
      const count = (from: number, to: number): Record<string, number> => {
        const counts: Record<string, number> = {};
        for (const call of calls.slice(from + 1, to)) {
          const name = /^(\w+)\(/.exec(call)?.[1];
          if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
        }
        return counts;
      };

      assert.is(marks.length, 3);
      const busy = count(first, second);
      const { recvfrom = 0, sendto = 0 } = busy;
      assert.is(sendto, MESSAGES);
      // The mark's own receive, and one that would block now and then.
      assert.ok(recvfrom <= MESSAGES * 1.1, `${recvfrom} receives`);
      const expected = ['recvfrom', 'sendto', 'epoll_wait', 'epoll_pwait'];
      const others = Object.keys(busy).filter((name) => !expected.includes(name));
      // V8's own threads and memory ask for a few.
      assert.ok(
        others.every((name) => (busy[name] as number) <= MESSAGES / 10),
        JSON.stringify(busy),
      );
      const idle = count(second, third);
      const total = Object.values(idle).reduce((sum, n) => sum + n, 0);
      assert.ok(total <= 20, JSON.stringify(idle));
    },
    { seconds: 60 },
  );
});
