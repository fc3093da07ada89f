/** The process that loads the servers, one order of the benchmark after another: bench/load-client.ts. */
import type { LoadAnswer, LoadOrder, LoadResult } from '../loads.ts';
import { EpollWire } from './epoll-wire.ts';
import { loadLibc } from './libc.ts';
import { measureLoad } from './measure.ts';
import { NetWire } from './net-wire.ts';

const [wanted] = process.argv.slice(2);
const libc = wanted === 'net' ? undefined : loadLibc();

/** A new wire for each order: nothing remains of the previous one, even if it failed. */
async function run(order: LoadOrder): Promise<LoadResult> {
  const wire = libc === undefined ? new NetWire() : new EpollWire(libc);
  try {
    return await measureLoad(wire, order);
  } finally {
    wire.close();
  }
}

function answer(what: LoadAnswer): void {
  process.send?.(what);
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: error instanceof Error ? error.message : String(error) }),
  );
});

if (wanted === 'epoll' && libc === undefined)
  answer({ failure: 'the client cannot be on epoll: that needs Linux, and koffi installed' });
else answer({ ready: libc === undefined ? 'net' : 'epoll' });
