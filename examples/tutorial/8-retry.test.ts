/** Tests in virtual time, where a minute of waiting takes no time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asyncio from 'asyncio-ts';
import { runVirtual } from 'asyncio-ts/testing';
import { retry } from './8-retry.ts';

test('calls again, after pauses of 2, 4 and 8 seconds', () =>
  runVirtual(async () => {
    const loop = asyncio.getRunningLoop();
    const begin = loop.time();
    let calls = 0;

    const result = await retry(async () => {
      calls += 1;
      if (calls < 4) throw new Error('busy');
      return 'done';
    }, 5);

    assert.equal(result, 'done');
    assert.equal(loop.time() - begin, 14);
  }));

test('gives up a call after ten seconds', () =>
  runVirtual(async () => {
    await assert.rejects(
      retry(() => asyncio.sleep(60), 2),
      asyncio.TimeoutError,
    );
  }));

test('can be cancelled at any time', () =>
  runVirtual(async () => {
    const task = asyncio.createTask(() => retry(() => asyncio.sleep(60), 5));
    await asyncio.sleep(25);

    task.cancel();

    await assert.rejects(task, asyncio.CancelledError);
  }));
