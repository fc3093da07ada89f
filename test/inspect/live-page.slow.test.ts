import * as assert from 'uvu/assert';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Browser, findChromium } from '../support/chromium.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

const BROWSER: Options = { seconds: 120 };
const WITHOUT = 'there is no Chromium (Debian: apt-get install chromium)';

/** The name of the chosen row, as the page shows it. */
const CHOSEN = `document.querySelector('.row[aria-selected=true] .name')?.lastChild.data`;
const NAMES = `[...document.querySelectorAll('.row .name')].map((name) => name.lastChild.data)`;

async function withPage(
  program: string,
  tasks: number,
  use: (browser: Browser, looker: Program) => Promise<void>,
): Promise<void> {
  await using busy = Program.typescript('test/inspect/children/busy.ts', [String(tasks)], ANY_PORT);
  await busy.shows(/busy/);
  await using looker = Program.command(['inspect', String(busy.pid)]);
  const [url] = await looker.shows(/http:\S+/);
  await using browser = await Browser.open(program);
  await browser.show(1200, 800, 'light');
  await browser.ask('Page.navigate', { url });
  await browser.until(`document.querySelectorAll('.row').length > 5`);
  await use(browser, looker);
  assert.equal(browser.complaints, []);
  const { host } = new URL(url);
  for (const asked of browser.requests) assert.is(new URL(asked).host, host);
}

behaviour('The live page', (it) => {
  const program = findChromium();
  const declare = (sentence: string, use: (found: string) => Promise<void>): void => {
    if (program === undefined) it.skip(sentence, WITHOUT);
    else it(sentence, async () => await use(program), BROWSER);
  };

  declare('shows tasks below those that await them, deadlocks, and details', async (found) => {
    await withPage(found, 0, async (browser) => {
      await browser.until(
        `document.getElementById('alarm').textContent.startsWith('Deadlock: transfer-')`,
      );
      assert.match(await browser.evaluate<string>(CHOSEN), /^transfer-/);
      const names = await browser.evaluate<string[]>(NAMES);
      assert.equal(names.slice(0, 3), ['Task-1', 'taskGroup (15)', 'producer']);
      const detail = await browser.evaluate<string>(
        `document.getElementById('detail').textContent`,
      );
      assert.match(detail, /part of a deadlock.*Lock\.acquire on .*children\/busy\.ts:\d+/);
      assert.is(await browser.evaluate(`document.querySelectorAll('.graph path.bad').length`), 2);

      await browser.evaluate(`document.getElementById('connections').click()`);
      await browser.until(
        `(${NAMES}).length > 6 && (${NAMES}).some((name) => /Server|127/.test(name))`,
      );
      await browser.evaluate(`document.getElementById('locks').click()`);
      await browser.until(`(${NAMES}).some((name) => /Lock object/.test(name))`);
    });
  });

  declare('treats untrusted names as text', async (found) => {
    await withPage(found, 0, async (browser) => {
      await browser.evaluate(
        `(document.getElementById('filter').value = 'onerror', document.getElementById('filter').dispatchEvent(new Event('input')))`,
      );
      const [name] = await browser.evaluate<string[]>(NAMES);
      assert.ok(
        name?.startsWith('<img src=x onerror="document.title=1">\\u202e\\x0a</script>'),
        name,
      );
      assert.is(await browser.evaluate(`document.querySelectorAll('img').length`), 0);
      assert.is(await browser.evaluate(`document.querySelectorAll('script').length`), 1);
    });
  });

  declare('can be used with the keyboard', async (found) => {
    await withPage(found, 0, async (browser) => {
      await browser.press('/');
      for (const letter of 'worker-') await browser.press(letter);
      await browser.until(`(${NAMES}).join() === 'worker-1,worker-2,worker-3,worker-4'`);
      await browser.press('Escape');
      await browser.until(`(${NAMES}).length > 10`);
      await browser.press('Home');
      assert.is(await browser.evaluate(CHOSEN), 'Task-1');
      await browser.press('ArrowDown');
      await browser.press('ArrowDown');
      assert.is(await browser.evaluate(CHOSEN), 'producer');
      await browser.press('ArrowLeft');
      assert.is(await browser.evaluate(CHOSEN), 'taskGroup (15)');
      await browser.press('ArrowLeft');
      await browser.until(`!(${NAMES}).includes('producer')`);
      await browser.press('ArrowRight');
      await browser.until(`(${NAMES}).includes('producer')`);
      await browser.press('Enter');
      assert.is(await browser.evaluate('document.activeElement.id'), 'detail');
    });
  });

  declare('shows 10,000 tasks, and renders only those in view', async (found) => {
    await withPage(found, 10_000, async (browser) => {
      await browser.until(`/10,?0\\d\\d tasks/.test(document.getElementById('how').textContent)`);
      await browser.evaluate(`document.getElementById('list').focus()`);
      await browser.press('End');
      await browser.press('ArrowUp');
      assert.ok((await browser.evaluate<number>(`document.querySelectorAll('.row').length`)) < 60);
      assert.ok(
        (await browser.evaluate<number>(`document.getElementById('list').scrollTop`)) > 200_000,
      );
      await browser.evaluate(
        `(document.getElementById('filter').value = 'many-9999', document.getElementById('filter').dispatchEvent(new Event('input')))`,
      );
      assert.equal(await browser.evaluate(NAMES), ['many-9999']);
    });
  });

  declare('fits phones and large screens, light and dark', async (found) => {
    await withPage(found, 0, async (browser) => {
      for (const width of [360, 1600])
        for (const scheme of ['light', 'dark'] as const) {
          await browser.show(width, 780, scheme);
          assert.is(
            await browser.evaluate('document.documentElement.scrollWidth <= innerWidth'),
            true,
            `${width}`,
          );
          const contrast = await browser.evaluate<number>(CONTRAST);
          assert.ok(contrast >= 4.5, `${scheme}: ${contrast}`);
        }
    });
  });

  declare('reports that the command has exited', async (found) => {
    await withPage(found, 0, async (browser, looker) => {
      process.kill(looker.pid, 'SIGINT');
      await looker.ends();
      await browser.until(`/has ended/.test(document.getElementById('how').textContent)`);
      browser.complaints.length = 0;
    });
  });
});

/** The smallest contrast of a text and what is behind it, as WCAG measures it. */
const CONTRAST = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return parts(colour)[3] === 0 ? behind(element.parentElement) : colour;
  };
  const all = [...document.querySelectorAll('body *:not(svg *):not(script)')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return Math.min(...all.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()`;
