/** What must not matter between a program in Python and its sister in TypeScript. */

/** Ports, places in files, descriptors, stacks, and what each language calls things. */
export function normalised(transcript: string): string {
  return (
    transcript
      // Of Python's tracebacks only the last line stays.
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
