/** Buckets per power of two: a value is known to within 3 %. */
const STEPS = 32;
const STEP_BITS = 5;

/** The unit of values: a sixteenth of a microsecond. */
const UNITS_PER_MS = 16_000;

/** A histogram of latencies: recording one takes a shift and an addition. */
export class Histogram {
  readonly #counts = new Uint32Array((32 - STEP_BITS + 1) * STEPS);
  #total = 0;

  /** @param ms - milliseconds, the unit of performance.now() */
  add(ms: number): void {
    const value = (ms * UNITS_PER_MS) >>> 0;
    // Below STEPS each value has its own bucket; above, the leading bits determine it.
    const shift = value < STEPS ? 0 : 31 - STEP_BITS - Math.clz32(value);
    const bucket = shift * STEPS + (value >>> shift);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The latency, in seconds, that a `share` of them do not exceed; NaN if there are none. */
  quantile(share: number): number {
    let left = share * this.#total;
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return middle(bucket) / UNITS_PER_MS / 1000;
    }
    return Number.NaN;
  }
}

/** The midpoint of a bucket. */
function middle(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / STEPS) - 1);
  return (bucket - shift * STEPS + 0.5) * 2 ** shift;
}
