/**
 * Python's warnings, as Node's: they come as `process.on('warning')` events and on standard error; or, if
 * the program has a logger, there.
 */
import { getLogger, log } from './log.ts';

/** Is any loop in debug mode? Only then are there warnings for unclosed resources. */
let resourcesShown = false;

/** Shows or hides resource warnings; called by the loop for its debug mode. */
export function showResourceWarnings(shown: boolean): void {
  resourcesShown = shown;
}

/**
 * Warns of a certain mistake.
 *
 * @param detail - further lines, such as where the object was made
 */
export function warnRuntime(text: string, detail?: string): void {
  warn('RuntimeWarning', text, detail);
}

/** Warns of a resource that was not closed. Silent outside debug mode, as in Python. */
export function warnResource(text: string): void {
  if (resourcesShown) warn('ResourceWarning', text);
}

function warn(type: string, text: string, detail?: string): void {
  if (getLogger() !== undefined) log(`${type}: ${text}${detail ? `\n${detail}` : ''}`, 'warn');
  else process.emitWarning(text, { type, ...(detail && { detail }) });
}
