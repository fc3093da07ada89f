import { constants } from 'node:os';
import { rangeError, typeError } from './errors/refusals.ts';
import { brief } from './printing/repr.ts';

/**
 * The name of a signal that is given by name or number.
 *
 * @throws {TypeError} when `sig` is neither
 * @throws {RangeError} when there is no such signal
 */
export function signalName(sig: unknown): NodeJS.Signals {
  const { signals } = constants;
  if (typeof sig === 'string') {
    if (sig in signals) return sig as NodeJS.Signals;
    throw rangeError(`invalid signal name ${brief(sig)}`);
  }
  if (typeof sig !== 'number' || !Number.isInteger(sig))
    throw typeError(`sig must be a signal's name or number, got ${brief(sig)}`);
  const found = Object.entries(signals).find(([, number]) => number === sig);
  if (found === undefined) throw rangeError(`invalid signal number ${sig}`);
  return found[0] as NodeJS.Signals;
}

/** The number of a signal. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** The largest number of a signal, on Linux. */
const LAST_SIGNAL = 64;

/**
 * The number of a signal that is given by name or number. Unlike {@link signalName}, also accepts
 * numbers without a name: those of real-time signals, and 0.
 *
 * @throws {TypeError} when `sig` is neither
 * @throws {RangeError} when there is no such signal
 */
export function signalToSend(sig: unknown): number {
  const hasNumber = Number.isInteger(sig) && (sig as number) >= 0 && (sig as number) <= LAST_SIGNAL;
  return hasNumber ? (sig as number) : signalNumber(signalName(sig));
}
