import { OSError, osError } from '../../base/errors/os-errors.ts';
import { repr } from '../../base/printing/repr.ts';
import type { Address } from '../../sock/addresses/address.ts';

/** A failed bind with asyncio's message, which contains the address. */
export function bindError(error: OSError, address: Address): OSError {
  const why = (error.strerror ?? error.message).toLowerCase();
  const strerror = `error while attempting to bind on address ${repr(address)}: ${why}`;
  return error.code === undefined
    ? new OSError(strerror)
    : osError(error.code, error.syscall, { strerror });
}
