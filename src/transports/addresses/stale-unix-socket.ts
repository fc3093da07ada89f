import { statSync, unlinkSync } from 'node:fs';
import { log } from '../../base/log/log.ts';
import { repr } from '../../base/printing/repr.ts';

/**
 * Removes a socket that another process left behind at a path. Anything else at the path is left
 * alone. Abstract names have no file.
 */
export function removeStale(path: string): void {
  if (path.startsWith('\0')) return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
  } catch (error) {
    // The directory may not be readable; if binding is impossible, it fails with the reason.
    log(`Unable to check or remove stale UNIX socket ${repr(path)}: ${repr(error)}`);
  }
}
