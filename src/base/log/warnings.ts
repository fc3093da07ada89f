/**
 * Python's warnings, as Node's process warnings: `process.on('warning')` events and standard error,
 * or the program's logger if there is one.
 */
import { getLogger, log } from './log.ts';

/** Is a loop in debug mode? Only then are there warnings about unclosed resources. */
let resourcesShown = false;

/** Turns resource warnings on or off; the loop calls it when its debug mode changes. */
export function showResourceWarnings(shown: boolean): void {
  resourcesShown = shown;
}

/**
 * Warns about a definite mistake.
 *
 * @param detail - further lines, such as where the object was created
 */
export function warnRuntime(text: string, detail?: string): void {
  warn('RuntimeWarning', text, detail);
}

/** Warns about a resource that was not closed; only in debug mode, as in Python. */
export function warnResource(text: string): void {
  if (resourcesShown) warn('ResourceWarning', text);
}

function warn(type: string, text: string, detail?: string): void {
  if (getLogger() !== undefined) log(`${type}: ${text}${detail ? `\n${detail}` : ''}`, 'warn');
  else process.emitWarning(text, { type, ...(detail && { detail }) });
}
