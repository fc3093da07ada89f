import { statSync, unlinkSync } from 'node:fs';
import { log } from '../../base/log/log.ts';
import { repr } from '../../base/printing/repr.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Socket } from '../../sock/socket.ts';

/** Is the address of a socket the path of a file? Abstract names and sockets in memory have no file. */
export function isFile(address: Address, { driver }: Socket): address is string {
  return typeof address === 'string' && /^[^\0]/.test(address) && /node|posix/.test(driver);
}

/**
 * Removes a socket that another process left behind at the path that `sock` will have. Anything else at the path is
 * left alone.
 */
export function removeStale(path: string, sock: Socket): void {
  if (!isFile(path, sock)) return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
  } catch (error) {
    // The directory may not be readable; if binding is impossible, it fails with the reason.
    log(`Unable to check or remove stale UNIX socket ${repr(path)}: ${repr(error)}`);
  }
}
