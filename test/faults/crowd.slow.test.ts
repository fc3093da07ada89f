/** Clients that are slow or silent, by thousands. CROWD=5000 has as many. */
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import { reapsTheIdle, servesBesideCrowd } from './crowd.ts';
import { mostDescriptors, REAL_DRIVERS } from './scenarios.ts';

const COUNT = Number(process.env['CROWD'] ?? 5000);

for (const driver of REAL_DRIVERS)
  behaviour(`A server with ${COUNT} slow or silent clients (${driver})`, (it) => {
    const onAmple: typeof it = Object.assign(
      ((sentence, scenario) =>
        mostDescriptors() > COUNT + 200
          ? it(sentence, scenario, { seconds: 180 })
          : it.skip(sentence, 'the system allows fewer descriptors (ulimit -Hn)')) as typeof it,
      { skip: it.skip },
    );

    for (const style of Object.keys(STYLES) as Style[])
      onAmple(`serves the others as before, in the style of ${style}`, () =>
        servesBesideCrowd(style, driver, COUNT),
      );

    onAmple('disconnects them with an idle timeout, and no other clients', () =>
      reapsTheIdle(driver, COUNT),
    );
  });
