import * as assert from 'uvu/assert';

/** An event of the Trace Event Format, as far as it is used. */
export interface TraceEvent {
  readonly ph: 'X' | 'M' | 'i' | 's' | 'f';
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: string;
  readonly args?: Record<string, unknown>;
}

const inNanoseconds = (time = 0): number => Math.round(time * 1000);

/** Reads a trace, and checks it: slices nest, steps are within the lives of tasks, arrows have two ends. */
export function checkTrace(text: string): TraceEvent[] {
  const { traceEvents } = JSON.parse(text) as { traceEvents: TraceEvent[] };
  const tracks = new Map<string, TraceEvent[]>();
  const ends = new Map<string, string[]>();
  for (const event of traceEvents) {
    assert.type(event.pid, 'number');
    assert.type(event.tid, 'number');
    if (event.ph === 'M') continue;
    assert.type(event.ts, 'number');
    if (event.ph === 's' || event.ph === 'f')
      ends.set(event.id as string, [...(ends.get(event.id as string) ?? []), event.ph]);
    const track = `${event.pid} ${event.tid}`;
    if (event.ph === 'X') tracks.set(track, [...(tracks.get(track) ?? []), event]);
  }
  for (const slices of tracks.values()) checkTrack(slices);
  for (const both of ends.values()) assert.equal(both, ['s', 'f']);
  return traceEvents;
}

function checkTrack(slices: readonly TraceEvent[]): void {
  const open: { end: number; cat: string | undefined }[] = [];
  const sorted = slices
    .map(({ ts, dur, cat }) => ({
      begin: inNanoseconds(ts),
      end: inNanoseconds(ts) + inNanoseconds(dur),
      cat,
    }))
    .sort((one, other) => one.begin - other.begin || other.end - one.end);
  for (const { begin, end, cat } of sorted) {
    assert.ok(end >= begin, 'it does not end before it begins');
    while (open.length > 0 && (open.at(-1)?.end ?? 0) <= begin && cat !== 'task') {
      // A life may end with its last step, at the same time.
      if (open.at(-1)?.cat === 'task' && end <= (open.at(-1)?.end ?? 0)) break;
      open.pop();
    }
    const within = open.at(-1);
    if (within !== undefined) assert.ok(end <= within.end, 'slices nest');
    if (cat === 'step' || cat === 'wait')
      assert.is(within?.cat, 'task', 'a step is in the life of its task');
    open.push({ end, cat });
  }
}
