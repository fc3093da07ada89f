import * as assert from 'uvu/assert';
import { formatTable } from '../../src/cli/once/ps.ts';
import { formatTree } from '../../src/cli/once/pstree.ts';
import { explain } from '../../src/cli/once/why.ts';
import * as asyncio from '../../src/index.ts';
import { printable } from '../../src/inspect/printable.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

loopBehaviour('A snapshot of hostile values', (it) => {
  it('can be taken, and is printed without terminal control sequences', async () => {
    const name = 'evil\n\x1b[2J\u202e';
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const queue = new asyncio.Queue<unknown>(1);
    queue.putNowait(proxy);
    const emitter = new EventTarget();
    Object.defineProperty(emitter, 'constructor', {
      get() {
        throw new Error('not for eyes');
      },
    });
    const tasks = [
      asyncio.createTask(() => queue.put(1), { name }),
      asyncio.createTask(() => asyncio.fromEvent(emitter, 'x')),
    ];
    await asyncio.sleep(0);
    const taken = [printable(await asyncio.inspect.snapshot())];
    const shown = 'evil\\x0a\\x1b[2J\\u202e';
    for (const text of [formatTable(taken), formatTree(taken), explain(taken, shown)]) {
      assert.ok(text.includes(shown), text);
      assert.not.match(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    }
    for (const task of tasks) task.cancel();
    await asyncio.wait(tasks);
  });
});
