/** Programs that leave a generator open; the argument names one. Each prints what became of it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as asyncio from '../../../src/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const status = { started: false, stopped: false, finalized: false };

const letters = asyncio.asyncgen(async function* letters() {
  status.started = true;
  try {
    for (const letter of ['ZERO', 'ONE', 'TWO', 'THREE', 'FOUR']) yield letter;
  } finally {
    await asyncio.sleep(0);
    status.finalized = true;
  }
});

/** Takes some, a task each, and leaves the rest. */
function leave(): void {
  const generator = letters();
  const takeOne = async (): Promise<void> => {
    const { value } = await generator.next();
    if (value === 'THREE') status.stopped = true;
    else asyncio.createTask(takeOne);
  };
  asyncio.createTask(takeOne);
}

const programs: Record<string, () => Promise<void>> = {
  async collected() {
    leave();
    while (!status.stopped) await asyncio.sleep(0);
    console.log(status);
    const end = performance.now() + 20_000;
    while (!status.finalized && performance.now() < end) {
      collect();
      await asyncio.sleep(0.01);
    }
    console.log(status);
  },
};

const [program = '', debug] = process.argv.slice(2);
await asyncio.run(programs[program] as () => Promise<void>, { debug: debug === 'debug' });
