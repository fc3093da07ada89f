import * as assert from 'uvu/assert';
import { ByteQueue } from '../../../src/sock/endpoint/byte-queue.ts';
import { behaviour } from '../../support/behaviour.ts';

function queueOf(...chunks: (string | Buffer)[]): ByteQueue {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.push(Buffer.from(chunk));
  return queue;
}

behaviour('ByteQueue', (it) => {
  it('returns a chunk without a copy if all of it is taken', () => {
    const chunk = Buffer.from('whole');
    const queue = new ByteQueue();
    queue.push(chunk);

    assert.is(queue.take(100), chunk);
    assert.is(queue.size, 0);
  });

  it('keeps what was not requested', () => {
    const queue = queueOf('abcdef');

    assert.is(String(queue.take(2)), 'ab');
    assert.is(queue.size, 4);
    assert.is(String(queue.take(100)), 'cdef');
  });

  it('joins small chunks', () => {
    const queue = queueOf('ab', 'cd', 'ef');

    assert.is(String(queue.take(5)), 'abcde');
    assert.is(String(queue.take(5)), 'f');
    assert.is(queue.size, 0);
  });

  it('does not join large ones', () => {
    const queue = queueOf(Buffer.alloc(20_000), 'rest');

    assert.is(queue.take(100_000).length, 20_000);
    assert.is(String(queue.take(100_000)), 'rest');
  });

  it('also joins large chunks, up to the requested limit', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.alloc(20_000));
    queue.push(Buffer.alloc(20_000));

    assert.is(queue.take(30_000, 30_000).length, 30_000);
    assert.is(queue.take(30_000, 30_000).length, 10_000);
  });

  it('fills an array across chunks', () => {
    const queue = queueOf('ab', 'cd', 'ef');
    const view = Buffer.alloc(5);

    assert.is(queue.takeInto(view), 5);
    assert.is(String(view), 'abcde');
    assert.is(queue.takeInto(view), 1);
    assert.is(queue.size, 0);
  });

  it('drops everything when it is cleared', () => {
    const queue = queueOf('ab', 'cd');

    queue.clear();
    queue.push(Buffer.from('new'));

    assert.is(String(queue.take(10)), 'new');
  });
});
