/**
 * The one way out for everything that the library has to say: standard error, as Python's
 * `logging` does where nobody configured it.
 *
 * Written at once, so that what is said while the process ends is not lost.
 */

type Sink = (text: string) => void;

let sink: Sink = (text) => {
  waitForReader();
  process.stderr.write(text);
};

/**
 * Has a full pipe wait until somebody reads, as in Python. Node queues what a pipe does not take,
 * and forgets the queue when the process ends: of ten thousand reports, all but 64 KB were lost.
 */
function waitForReader(): void {
  if (waits) return;
  waits = true;
  const { _handle: handle } = process.stderr as { _handle?: { setBlocking?(on: boolean): void } };
  // A file has no handle, and waits anyway.
  handle?.setBlocking?.(true);
}

let waits = false;

/** Says something, on lines of its own. */
export function log(text: string): void {
  sink(`${text}\n`);
}

/**
 * Sends what the library says elsewhere, until the returned function is called.
 *
 * @internal for our own tests
 */
export function redirectLog(to: Sink): () => void {
  const before = sink;
  sink = to;
  return () => {
    sink = before;
  };
}
