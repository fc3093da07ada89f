/** The replicated store of examples/kv under 1,000 seeds of `'hell'`. */
import { simulateStore } from '../../examples/kv/simulation.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('The replicated store under hell', (it) => {
  for (let seed = 1; seed < 1000; seed += 100)
    it(
      `is linearizable with seeds ${seed} to ${seed + 99}`,
      async () => {
        await simulateStore({}, { seed, runs: 100 });
      },
      { seconds: 120 },
    );
});
