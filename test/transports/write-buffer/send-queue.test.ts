import * as assert from 'uvu/assert';
import type { Endpoint } from '../../../src/sock/endpoint/endpoint.ts';
import { SendQueue } from '../../../src/transports/write-buffer/send-queue.ts';
import { behaviour } from '../../support/behaviour.ts';

/** An endpoint that takes so many bytes with each send, and then no more. */
function taking(...portions: number[]): Endpoint & { readonly taken: string; sends: number } {
  const endpoint = {
    taken: '',
    sends: 0,
    trySend(data: Uint8Array, from: number): number {
      const portion = portions.shift();
      if (portion === undefined) return -1;
      const sent = Buffer.from(data).subarray(from, from + portion);
      endpoint.taken += sent;
      endpoint.sends += 1;
      return sent.length;
    },
  };
  return endpoint as unknown as Endpoint & typeof endpoint;
}

behaviour('SendQueue', (it) => {
  it('continues where the endpoint stopped', () => {
    const queue = new SendQueue();
    queue.push(Buffer.from('abcdef'), 2);

    const endpoint = taking(1, 2);
    queue.sendTo(endpoint);
    assert.is(endpoint.taken, 'cde');
    assert.is(queue.size, 1);

    queue.push(Buffer.from('gh'), 0);
    const rest = taking(100);
    queue.sendTo(rest);
    assert.is(rest.taken, 'fgh');
    assert.is(queue.size, 0);
  });

  it('sends many small pieces with one call', () => {
    const queue = new SendQueue();
    for (let number = 0; number < 1000; number += 1) queue.push(Buffer.from('piece '), 0);

    const endpoint = taking(10_000, 10_000);
    queue.sendTo(endpoint);

    assert.is(endpoint.sends, 1);
    assert.is(endpoint.taken, 'piece '.repeat(1000));
  });

  it('keeps the order across blocks, whatever the sizes', () => {
    const queue = new SendQueue();
    const pieces = [70_000, 10, 65_536, 1, 200_000, 65_535, 3].map((size, index) =>
      String(index).repeat(size),
    );
    let taken = '';

    for (const piece of pieces) {
      queue.push(Buffer.from(piece), 0);
      const endpoint = taking(30_000, 1);
      queue.sendTo(endpoint);
      taken += endpoint.taken;
    }
    const endpoint = taking(...Array<number>(100).fill(9_999));
    queue.sendTo(endpoint);

    assert.ok(taken + endpoint.taken === pieces.join(''), 'bytes were lost or changed places');
  });

  it('copies its input, so the caller can reuse it', () => {
    const queue = new SendQueue();
    const data = Buffer.from('mine');

    queue.push(data, 0);
    data.fill('x');

    const endpoint = taking(10);
    queue.sendTo(endpoint);
    assert.is(endpoint.taken, 'mine');
  });
});
