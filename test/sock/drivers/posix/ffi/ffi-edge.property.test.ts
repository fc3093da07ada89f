import fc from 'fast-check';
import { OSError } from '../../../../../src/base/errors/os-errors.ts';
import * as socket from '../../../../../src/socket.ts';
import { behaviour } from '../../../../support/behaviour.ts';
import { DRIVERS, freshPath } from '../../../../support/drivers.ts';

/** An ArrayBuffer that can change its size: newer than the library that we compile for. */
type Resizable = ArrayBuffer & { resize(size: number): void };
const ResizableBuffer = ArrayBuffer as unknown as new (
  size: number,
  options: { maxByteLength: number },
) => Resizable;

/** Makes an array whose memory has gone. */
function detached(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Makes an array whose memory was cut after the array was made. */
function cut(size: number, fixed: boolean): Uint8Array {
  const buffer = new ResizableBuffer(size, { maxByteLength: 2 * size + 1 });
  const bytes = fixed ? new Uint8Array(buffer, 0, size) : new Uint8Array(buffer);
  buffer.resize(size >> 1);
  return bytes;
}

/** Makes an array whose memory grew after the array was made. */
function grown(size: number): Uint8Array {
  const buffer = new ResizableBuffer(size, { maxByteLength: 2 * size + 1 });
  const bytes = new Uint8Array(buffer);
  buffer.resize(2 * size);
  return bytes;
}

/** Says that it is longer than it is. */
class Forged extends Uint8Array {
  override get length(): number {
    return 1_000_000;
  }
}

const sizes = fc.oneof(
  fc.constantFrom(0, 1, 63, 64, 65, 4096),
  fc.integer({ min: 0, max: 100_000 }),
);

const arrays: fc.Arbitrary<unknown> = fc.oneof(
  sizes.map((size) => new Uint8Array(size)),
  sizes.map((size) => Buffer.allocUnsafe(size)),
  sizes.map((size) => Buffer.alloc(size + 8).subarray(3, 3 + size)),
  sizes.map(detached),
  sizes.map((size) => cut(size, true)),
  sizes.map((size) => cut(size, false)),
  sizes.map(grown),
  sizes.map((size) => new Uint8Array(new SharedArrayBuffer(size))),
  sizes.map((size) => new DataView(new ArrayBuffer(size))),
  sizes.map((size) => new Float64Array(size)),
  sizes.map((size) => new Forged(size)),
  fc.constant(Object.create(Uint8Array.prototype)),
  fc.constant(new Proxy(new Uint8Array(8), {})),
);

const numbers: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 1e308, NaN, Infinity, 0.5),
  fc.integer(),
);

const anything = fc.oneof(
  arrays,
  numbers,
  fc.anything({ withBigInt: true, withNullPrototype: true }),
);
/** A string is the path of an AF_UNIX socket, which bind() makes: in a directory of ours. */
const addresses = fc.oneof(
  anything.map((address) =>
    typeof address === 'string' && !address.startsWith('\0')
      ? freshPath() + Buffer.from(address).toString('hex')
      : address,
  ),
  fc.tuple(anything, anything),
  fc.tuple(fc.constant('127.0.0.1'), numbers),
  fc.string({ maxLength: 200 }).map((text) => `\0${text}`),
);

const METHODS = [
  'recv',
  'recvInto',
  'recvfrom',
  'recvfromInto',
  'send',
  'setsockopt',
  'getsockopt',
  'listen',
  'shutdown',
  'settimeout',
  'getsockname',
  'getpeername',
  'fileno',
  'dup',
  'accept',
] as const;

const calls = fc.oneof(
  fc.record({
    method: fc.constantFrom<(typeof METHODS)[number] | 'bind' | 'connect'>(...METHODS),
    args: fc.array(anything, { maxLength: 4 }),
  }),
  fc.record({
    method: fc.constantFrom<(typeof METHODS)[number] | 'bind' | 'connect'>('bind', 'connect'),
    args: fc.tuple(addresses),
  }),
  fc.record({
    method: fc.constantFrom<(typeof METHODS)[number] | 'bind' | 'connect'>('setsockopt'),
    args: fc.tuple(fc.constantFrom(0, 1, 6, 41), fc.integer({ min: 0, max: 60 }), anything),
  }),
  fc.record({
    method: fc.constantFrom<(typeof METHODS)[number] | 'bind' | 'connect'>(
      'send',
      'recvInto',
      'recvfromInto',
    ),
    args: fc.tuple(arrays),
  }),
);

/** What a call may throw: the system's refusal, or ours of an argument. */
function isClear(error: unknown): boolean {
  return error instanceof OSError || error instanceof TypeError || error instanceof RangeError;
}

for (const { name, shown = name } of DRIVERS) {
  if (shown !== 'posix') continue;
  behaviour(`the edge to C (${name})`, (it) => {
    it(
      'returns a result or throws a clear error, whatever the arguments',
      () => {
        fc.assert(
          fc.property(
            fc.constantFrom(socket.SOCK_STREAM, socket.SOCK_DGRAM),
            fc.nat(6),
            fc.array(calls, { maxLength: 12 }),
            (type, closeAt, steps) => {
              const [one, other] = socket.socketpair(socket.AF_UNIX, type, 0, { driver: name });
              const loose = socket.socket(socket.AF_INET, type, 0, { driver: name });
              const made: socket.Socket[] = [one, other, loose];
              other.send(Buffer.alloc(100));
              steps.forEach(({ method, args }, at) => {
                if (at === closeAt) one.close();
                for (const sock of [one, loose]) {
                  try {
                    const call = sock[method] as (...args: unknown[]) => unknown;
                    const result = call.apply(sock, args);
                    if (result instanceof socket.Socket) made.push(result);
                  } catch (error) {
                    if (!isClear(error)) throw error;
                  }
                }
              });
              for (const sock of made) sock.close();
            },
          ),
          { numRuns: 100 },
        );
      },
      { seconds: 20 },
    );
  });
}
