/** A pseudo-terminal: what is written to one side is read from the other. */
import { constants, openSync } from 'node:fs';
import { bindAll } from '../../src/sock/drivers/posix/ffi/koffi.ts';
import { loadLibc } from '../../src/sock/drivers/posix/ffi/libc.ts';

interface Terminals {
  open(flags: number): number;
  grant(fd: number): number;
  unlock(fd: number): number;
  name(fd: number): string;
}

/** Opens one. The caller closes both sides. */
export function openTerminal(): [master: number, slave: number] {
  loadLibc();
  const terminals = bindAll<Terminals>({
    open: 'int posix_openpt(int)',
    grant: 'int grantpt(int)',
    unlock: 'int unlockpt(int)',
    name: 'const char *ptsname(int)',
  });
  const master = terminals.open(constants.O_RDWR | constants.O_NOCTTY);
  if (master < 0 || terminals.grant(master) < 0 || terminals.unlock(master) < 0)
    throw new Error('no pseudo-terminal');
  return [master, openSync(terminals.name(master), constants.O_RDWR | constants.O_NOCTTY)];
}
