import { types } from 'node:util';
import { checkIterable } from '../../base/check-types.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { warnRuntime } from '../../base/log/warnings.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief, typeNameOf } from '../../base/printing/repr.ts';
import { isUint8Array, type Received } from '../../base/values/bytes.ts';

/** Received ancillary data: the protocol level, the type, and the data. */
export type AncillaryData = [level: number, type: number, data: Received];

/** Ancillary data to send. */
export type AncillaryInput = readonly [level: number, type: number, data: Uint8Array | Int32Array];

// struct cmsghdr of 64-bit Linux: the length including the data, the level, the type. The data
// follows; the next header starts at a multiple of 8.
const HEADER = 16;
const ALIGNMENT = 8;
const LARGEST = 0x7fffffff;

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/**
 * The length of one item of ancillary data with its header, without padding.
 *
 * @param length - of the data, in bytes
 * @throws {RangeError} when it is out of range
 * @see Python's `socket.CMSG_LEN()`, https://docs.python.org/3/library/socket.html#socket.CMSG_LEN
 */
export function CMSG_LEN(length: number): number {
  checkWhole(length, 0, LARGEST - HEADER, 'CMSG_LEN(): length');
  return HEADER + length;
}

/**
 * The room that one item of ancillary data takes, with padding.
 *
 * @param length - of the data, in bytes
 * @throws {RangeError} when it is out of range
 * @see Python's `socket.CMSG_SPACE()`,
 *   https://docs.python.org/3/library/socket.html#socket.CMSG_SPACE
 */
export function CMSG_SPACE(length: number): number {
  checkWhole(length, 0, LARGEST - HEADER - ALIGNMENT, 'CMSG_SPACE(): length');
  return HEADER + aligned(length);
}

/**
 * Lays out ancillary data for the kernel.
 *
 * @returns `undefined` if there is none
 * @throws {TypeError} when it is not an iterable of `[level, type, data]`
 */
export function packAncillary(items: Iterable<AncillaryInput>): Buffer | undefined {
  const parts: Buffer[] = [];
  checkIterable(items, 'sendmsg(): ancdata');
  for (const item of items as Iterable<unknown>) {
    if (!Array.isArray(item) || item.length !== 3)
      throw typeError(`sendmsg(): ancillary data must be [level, type, data], got ${brief(item)}`);
    const [level, type, data] = item as unknown[];
    checkWhole(level, -0x80000000, 0x7fffffff, 'sendmsg(): level');
    checkWhole(type, -0x80000000, 0x7fffffff, 'sendmsg(): type');
    if (!(isUint8Array(data) || types.isInt32Array(data)))
      throw typeError(
        `sendmsg(): ancillary data must be a Uint8Array or an Int32Array, got ${typeNameOf(data)}`,
      );
    // A plain view, because a subclass may override these fields.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const part = Buffer.alloc(CMSG_SPACE(bytes.length));
    part.writeUInt32LE(CMSG_LEN(bytes.length), 0);
    part.writeInt32LE(level, 8);
    part.writeInt32LE(type, 12);
    part.set(bytes, HEADER);
    parts.push(part);
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts);
}

/**
 * Parses ancillary data that the kernel wrote. An item that is cut short is returned as far as it
 * goes.
 */
export function unpackAncillary(control: Buffer): AncillaryData[] {
  const items: AncillaryData[] = [];
  for (let at = 0; control.length - at >= HEADER; ) {
    const length = control.readUInt32LE(at);
    const isWhole = length >= HEADER && length <= control.length - at;
    if (!isWhole) warnRuntime('received malformed or improperly truncated ancillary data');
    if (length < HEADER) break;
    const data = Buffer.from(control.subarray(at + HEADER, at + length));
    items.push([control.readInt32LE(at + 8), control.readInt32LE(at + 12), data as Received]);
    at += aligned(length);
  }
  return items;
}
