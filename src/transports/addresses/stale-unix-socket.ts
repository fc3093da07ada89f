import { statSync, unlinkSync } from 'node:fs';
import { log } from '../../base/log/log.ts';
import { repr } from '../../base/printing/repr.ts';

/**
 * Removes a socket that another process left behind at a path; what is not a socket is left alone, and
 * so is an abstract name, which has no file.
 */
export function removeStale(path: string): void {
  if (path.startsWith('\0')) return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
  } catch (error) {
    // The directory may allow no more than to bind: then that says what is wrong.
    log(`Unable to check or remove stale UNIX socket ${repr(path)}: ${repr(error)}`);
  }
}
