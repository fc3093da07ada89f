import type { LoadOrder, LoadResult } from '../loads.ts';
import { busyTime, cpuTime, residentBytes } from '../process-figures.ts';
import type { Histogram } from './histogram.ts';
import { Traffic } from './traffic.ts';
import { Visits } from './visits.ts';
import type { Wire } from './wire.ts';

/** How many bytes an idle connection exchanges before it idles, and the active one sends. */
const IDLE_SIZE = 1000;

/** The share of idle connections that use up spare memory of the server; only the rest are measured. */
const UNWEIGHED = 1 / 3;

/** Something that runs until it is finished. */
interface Work {
  readonly messages: number;
  readonly latencies: Histogram;
  begin(): void;
  finish(): Promise<void>;
  close(): void;
}

/** What is measured before and after. */
interface Stock extends Pick<LoadResult, 'messages' | 'seconds' | 'serverCpu' | 'clientCpu'> {
  /** CPU time of the whole machine, in seconds. */
  readonly busy: number;
}

/** Puts load on a server. */
export async function measureLoad(wire: Wire, order: LoadOrder): Promise<LoadResult> {
  const { load, port } = order;
  if (load.kind === 'accept') return await measure(wire, new Visits(wire, port), order);
  if (load.kind === 'idle') return await measureIdle(wire, load.connections, order);
  const traffic = new Traffic(wire, port, load.size);
  try {
    await traffic.open(load.connections);
    return await measure(wire, traffic, order);
  } finally {
    traffic.close();
  }
}

async function measureIdle(wire: Wire, count: number, order: LoadOrder): Promise<LoadResult> {
  const traffic = (): Traffic => new Traffic(wire, order.port, IDLE_SIZE);
  const [active, first, others] = [traffic(), traffic(), traffic()];
  const unweighed = Math.floor(count * UNWEIGHED);
  try {
    await active.open(1);
    await first.open(unweighed);
    const before = residentBytes(order.pid);
    await others.open(count - unweighed);
    const idleBytes = (residentBytes(order.pid) - before) / (count - unweighed);
    return { ...(await measure(wire, active, order)), idleBytes };
  } finally {
    for (const all of [active, first, others]) all.close();
  }
}

async function measure(wire: Wire, work: Work, order: LoadOrder): Promise<LoadResult> {
  try {
    work.begin();
    await wire.run(order.warmUp);
    work.latencies.clear();
    const before = takeStock(order.pid, work);
    await wire.run(order.seconds);
    const after = takeStock(order.pid, work);
    const [p50, p99] = [work.latencies.quantile(0.5), work.latencies.quantile(0.99)];
    await work.finish();
    const seconds = after.seconds - before.seconds;
    const serverCpu = after.serverCpu - before.serverCpu;
    const clientCpu = after.clientCpu - before.clientCpu;
    return {
      messages: after.messages - before.messages,
      seconds,
      serverCpu,
      clientCpu,
      others: Math.max(0, (after.busy - before.busy - serverCpu - clientCpu) / seconds),
      p50,
      p99,
    };
  } finally {
    work.close();
  }
}

function takeStock(pid: number, { messages }: Work): Stock {
  const { user, system } = process.cpuUsage();
  return {
    messages,
    seconds: performance.now() / 1000,
    serverCpu: cpuTime(pid),
    busy: busyTime(),
    clientCpu: (user + system) / 1e6,
  };
}
