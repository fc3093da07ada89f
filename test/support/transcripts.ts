/** Removes differences that do not matter between a Python program and its TypeScript version. */

/** Replaces ports, source positions, descriptors, stacks, and names that differ between the languages. */
export function normalised(transcript: string): string {
  return (
    transcript
      // Keeps only the last line of Python's tracebacks.
      .replace(/^Traceback .*\n(?: .*\n)+/gm, '')
      .replace(
        /^asyncio\.exceptions\.CancelledError\n\nDuring handling of the above exception, .*\n\n/gm,
        '',
      )
      .replace(/^ {4}at .*\n/gm, '')
      .replace(/\bException(: |\()/g, 'Error$1')
      .replace(/defined at .*?:\d+>/g, 'defined at FILE:LINE>')
      .replace(/('127\.0\.0\.1', )\d+/g, '$1PORT')
      // Python's logging names its logger and what was logged, and only then the exception.
      .replace(/^ERROR:root:.*\n/gm, 'ERROR: ')
  );
}
