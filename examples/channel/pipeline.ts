/**
 * A pipeline: three workers process numbers and pass the results to one writer. Each stage closes its ends of the
 * channels when it is done, so that the next stage ends, too.
 */
import * as asyncio from 'asyncio-ts';

async function produce(numbers: asyncio.ChannelSender<number>): Promise<void> {
  using _ = numbers;
  for (let n = 1; n <= 9; n += 1) await numbers.send(n);
}

async function square(
  numbers: asyncio.ChannelReceiver<number>,
  squares: asyncio.ChannelSender<string>,
): Promise<void> {
  using _ = squares;
  for await (const n of numbers) {
    await asyncio.sleep(0.01);
    await squares.send(`${n}² = ${n * n}`);
  }
}

await asyncio.run(async () => {
  const [numbers, work] = asyncio.channel<number>();
  const [results, squares] = asyncio.channel<string>(5);
  await asyncio.taskGroup(async (group) => {
    group.createTask(() => produce(numbers));
    for (let n = 0; n < 3; n += 1) {
      const mine = results.clone();
      group.createTask(() => square(work, mine));
    }
    results.close();
    let count = 0;
    for await (const line of squares) {
      console.log(line);
      count += 1;
    }
    console.log(`${count} squares`);
  });
});
