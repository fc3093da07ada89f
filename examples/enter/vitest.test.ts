/** Tests with vitest that only need enter(). Run: npx vitest run examples/enter */
import * as asyncio from 'asyncio-ts';
import { expect, test } from 'vitest';

test('a queue hands over what was put', () =>
  asyncio.enter(async () => {
    const queue = new asyncio.Queue<string>();
    const consumer = asyncio.createTask(() => queue.get());

    await queue.put('hello');

    expect(await consumer).toBe('hello');
  }));

test('a slow call is cut off, and the signal of the test cancels it', ({ signal }) =>
  asyncio.enter(
    async () => {
      const slow = asyncio.timeout(0.01, () => asyncio.sleep(60));

      await expect(slow).rejects.toThrow(asyncio.TimeoutError);
    },
    { signal },
  ));
