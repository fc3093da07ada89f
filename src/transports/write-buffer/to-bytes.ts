import { typeError } from '../../base/errors/refusals.ts';
import { typeNameOf } from '../../base/printing/repr.ts';
import { isBytes } from '../../base/values/bytes.ts';

/**
 * Converts data to send: bytes stay as they are, strings become UTF-8.
 *
 * @throws {TypeError} when `data` is neither
 */
export function toBytes(data: unknown): Uint8Array {
  if (isBytes(data)) return data;
  if (typeof data === 'string') return Buffer.from(data);
  throw typeError(`data must be a Uint8Array or a string, got ${typeNameOf(data)}`);
}

/**
 * Joins several pieces of data to send.
 *
 * @throws {TypeError} when one of them is neither bytes nor a string
 */
export function joinBytes(pieces: Iterable<unknown>): Uint8Array {
  // A string is an iterable of characters; asyncio refuses it, too.
  if (typeof pieces === 'string')
    throw typeError(`expected an iterable of Uint8Arrays or strings, got ${typeNameOf(pieces)}`);
  const list = Array.from(pieces, toBytes);
  return list.length === 1 ? (list[0] as Uint8Array) : Buffer.concat(list);
}
