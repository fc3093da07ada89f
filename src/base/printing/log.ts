/**
 * The one output for all of the library's messages: standard error, like Python's
 * `logging` without configuration.
 *
 * Written at once, so that messages while the process ends are not lost.
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
