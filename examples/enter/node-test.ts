/** Tests with node:test that only need enter(). Run: npm run example enter/node-test */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asyncio from 'asyncio-ts';

test('a queue hands over what was put', () =>
  asyncio.enter(async () => {
    const queue = new asyncio.Queue<string>();
    const consumer = asyncio.createTask(() => queue.get());

    await queue.put('hello');

    assert.equal(await consumer, 'hello');
  }));

test('a slow call is cut off, and the signal of the test cancels it', (t) =>
  asyncio.enter(
    async () => {
      await assert.rejects(
        asyncio.timeout(0.01, () => asyncio.sleep(60)),
        asyncio.TimeoutError,
      );
    },
    { signal: t.signal },
  ));
