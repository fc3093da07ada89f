import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Program, root } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

const page = readFileSync(path.join(root, 'docs', 'seeing.md'), 'utf8');

const PROGRAM = 'test/inspect/children/server.ts';

const ALBUMS = 'test/inspect/children/albums.ts';

/** What differs from run to run. */
function plain(text: string): string {
  return text
    .replace(/client-\d+/g, 'client-PORT')
    .replace(/^\d+ +0x\w+/gm, 'PID        ID')
    .replace(/ at 0x[0-9a-f]+/g, ' at ID')
    .replace(/for at least \d+\.\d s/g, 'for at least TIME')
    .replace(/\S*server\.ts/g, 'server.ts')
    .replace(/ +$/gm, '')
    .trim();
}

/** The blocks of the page: a command, and what it prints. */
function sessions(): (readonly [command: string[], output: string])[] {
  return [...page.matchAll(/```console\n\$ asyncio-ts (.*)\n([\s\S]*?)```/g)].map(
    ([, command = '', output = '']) => [command.split(' '), output.trim()],
  );
}

behaviour('docs/seeing.md', (it) => {
  it('shows a tested program', () => {
    const [, shown = ''] = /```ts\n(import [\s\S]*?)```/.exec(page) ?? [];
    assert.is(
      readFileSync(path.join(root, PROGRAM), 'utf8'),
      shown.replace('8800', '0').replace(`'asyncio-ts'`, `'../../../src/index.ts'`),
    );
  });

  it(
    'shows what the commands print',
    async () => {
      await using program = Program.typescript(PROGRAM, [], ANY_PORT);
      const [, port] = await program.shows(/listening on (\d+)/);
      const clients = ['ann bob 10\n', 'bob ann 5\n'].map((line) => {
        const client = connect(Number(port), '127.0.0.1');
        client.write(line);
        return client;
      });
      await program.shows(/checked bob/);
      const ports: number[] = clients.map(({ localPort }) => localPort as number);
      for (const [command, output] of sessions()) {
        const args = command.map((word) =>
          word.replace(/^client-\d+/, `client-${ports[0]}`).replace(/^\d+$/, String(program.pid)),
        );
        await using looker = Program.command(args);
        await looker.ends();
        assert.is(plain(looker.stdout) + looker.stderr, plain(output));
      }
      for (const client of clients) client.destroy();
    },
    { seconds: 60 },
  );

  it(
    'shows what pstree and ps print for a program that also exists in Python',
    async () => {
      const [, shown = ''] = /```ts\n(import [^`]*play[^`]*`[^`]*`[^`]*)```/.exec(page) ?? [];
      const tested = readFileSync(path.join(root, ALBUMS), 'utf8');
      assert.is(
        tested.replace("console.log('playing');\n", ''),
        shown.replace(`'asyncio-ts'`, `'../../../src/index.ts'`),
      );
      await using program = Program.typescript(ALBUMS, [], ANY_PORT);
      await program.shows(/playing/);
      for (const command of ['pstree', 'ps']) {
        await using looker = Program.command([command, String(program.pid)]);
        await looker.ends();
        const printed = looker.stdout
          .replaceAll(ALBUMS, 'example.ts')
          .replace(/^\d+ */gm, (pid) => '4711'.padEnd(pid.length))
          .replace(/ +$/gm, '');
        assert.ok(page.includes(`\`\`\`text\n${printed}\`\`\`\n`), printed + looker.stderr);
      }
    },
    { seconds: 60 },
  );
});
