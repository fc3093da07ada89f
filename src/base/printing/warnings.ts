/**
 * Python's warnings, as Node's: they come as `process.on('warning')` events and on standard error.
 */

/** Is anybody in debug mode? Only then are unclosed resources worth a line. */
let resourcesShown = false;

/** Shows or hides resource warnings; the loop does it with its debug mode. */
export function showResourceWarnings(shown: boolean): void {
  resourcesShown = shown;
}

/**
 * Warns of a mistake that is certain.
 *
 * @param detail - further lines, such as where the object was made
 */
export function warnRuntime(text: string, detail?: string): void {
  process.emitWarning(text, { type: 'RuntimeWarning', ...(detail && { detail }) });
}

/** Warns of something that was left unclosed. Silent outside debug mode, as Python is. */
export function warnResource(text: string): void {
  if (resourcesShown) process.emitWarning(text, { type: 'ResourceWarning' });
}
