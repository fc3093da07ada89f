/** gather(): the order in which its children run, end, and are told of. */
import { coroutine, gather, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

const child = coroutine(async function child(name: string, turns: number): Promise<string> {
  for (let turn = 0; turn < turns; turn += 1) {
    print(name, turn);
    await sleep(0);
  }
  print(name, 'ends');
  return name;
});

async function main(): Promise<void> {
  print(...(await gather(child('a', 3), child('b', 1), child('c', 2))));
  const whole = gather(child('d', 1), gather(child('e', 2), child('f', 0)));
  whole.addDoneCallback((future) => print('whole done', future.done()));
  print('made', whole.done());
  const [d, [e, f]] = await whole;
  print(d, e, f);
  const same = child('g', 1);
  print(...(await gather(same, same)));
  print((await gather()).length);
}

await run(main);
