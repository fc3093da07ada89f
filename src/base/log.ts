/**
 * The one way out for everything that the library has to say: standard error, as Python's
 * `logging` does where nobody configured it.
 *
 * Written at once, so that what is said while the process ends is not lost.
 */

type Sink = (text: string) => void;

let sink: Sink = (text) => {
  process.stderr.write(text);
};

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
