import { setImmediate as turn } from 'node:timers/promises';
import { promiseHooks } from 'node:v8';
import * as assert from 'uvu/assert';
import { newEventLoop } from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';

interface Agent {
  ask(question: string): number;
  take(number: number): string | undefined;
}

/** A debugger finds it by this key, in a thread that has had a loop. */
function agentOf(): Agent {
  newEventLoop().close();
  return Reflect.get(globalThis, Symbol.for('asyncio-ts.inspect')) as Agent;
}

async function answerTo(agent: Agent, question: string): Promise<string> {
  const number = agent.ask(question);
  for (;;) {
    const answer = agent.take(number);
    if (answer !== undefined) return answer;
    await turn();
  }
}

behaviour("A debugger's request to a thread", (it) => {
  it('is answered in a later turn, once', async () => {
    const agent = agentOf();
    await answerTo(agent, 'version');
    const number = agent.ask('version');

    assert.is(agent.take(number), undefined);
    await turn();
    assert.match(String(agent.take(number)), /^\d+$/);
    assert.is(agent.take(number), undefined);
  });

  it('creates no promise in the interrupted code, for which hooks would be called', async () => {
    const agent = agentOf();
    await answerTo(agent, 'version');
    let promises = 0;
    const stop = promiseHooks.onInit(() => {
      promises += 1;
    });
    try {
      agent.take(agent.ask('snapshot'));
    } finally {
      stop();
    }

    assert.is(promises, 0);
  });

  it('fails with the error of the answer', async () => {
    const agent = agentOf();
    await answerTo(agent, 'version');
    const number = agent.ask('nonsense');
    await turn();

    assert.throws(() => agent.take(number), /unknown request nonsense/);
  });
});
