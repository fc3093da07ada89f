import { posixDriver } from '../drivers/posix/driver.ts';
import { seek } from '../drivers/posix/ffi/libc.ts';

/**
 * Sends part of a file and, like Python, moves the file's position past the bytes sent, even if
 * sending fails or is cancelled.
 *
 * @param send - sends it, and notes each piece with its length
 * @returns the number of bytes that were sent
 */
export async function sendAndSeek(
  file: number,
  offset: number,
  send: (note: (nbytes: number) => void) => Promise<void>,
): Promise<number> {
  let sent = 0;
  let ended = false;
  try {
    await send((nbytes) => {
      sent += nbytes;
    });
    ended = true;
  } finally {
    if (ended || sent > 0) setFilePosition(file, offset + sent);
  }
  return sent;
}

/**
 * Sets the position of a file, in bytes from its start. Has no effect without the posix driver,
 * because Node cannot do this.
 */
function setFilePosition(file: number, position: number): void {
  if (posixDriver.missing === undefined) seek(file, position);
}
