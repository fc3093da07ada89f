/** The functions of the socket module that need no socket: what they give, and what they refuse. */
import { OSError } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';

const FUNCTIONS = socket as unknown as Record<string, (...args: unknown[]) => unknown>;
let state = 7;

function below(n: number): number {
  state = Number((BigInt(state) * 1103515245n + 12345n) % 2n ** 31n);
  return (state >> 8) % n;
}

function attempt(name: string, ...args: readonly unknown[]): void {
  const ours = name.startsWith('CMSG')
    ? name
    : name.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase());
  const call = FUNCTIONS[ours] as (...args: unknown[]) => unknown;
  try {
    const value = call(...args);
    console.log(name, Buffer.isBuffer(value) ? value.toString('hex') : value);
  } catch (error) {
    if (error instanceof OSError) console.log(name, 'OSError', error.message);
    else console.log(name, (error as Error).name);
  }
}

// biome-ignore format: as in Python
const PARTS = ['0', '1', '01', '08', '0x1f', '0X1F', '255', '256', '65535', '65536', '16777215', '16777216',
  '4294967295', '4294967296', '', ' ', '-1', '+1', '1e2', 'a', '0x', '1 ', '1\n', '\t1', '00', '1_0'];
// biome-ignore format: as in Python
const GROUPS = ['0', '1', 'ffff', 'FFFF', '00a', '0000', '00000', '12345', 'g', '', '', '', '1.2.3.4', '1.2.3', '%lo'];
const joined = (parts: readonly string[], most: number, by: string): string =>
  Array.from({ length: 1 + below(most) }, () => parts[below(parts.length)]).join(by);

// Addresses, most of them almost right.
for (const part of PARTS) attempt('inet_aton', part);
for (let left = 100; left > 0; left -= 1) {
  const text = joined(PARTS, 5, '.');
  attempt('inet_aton', text);
  attempt('inet_pton', 2, text);
}
for (let left = 200; left > 0; left -= 1) attempt('inet_pton', 10, joined(GROUPS, 9, ':'));
for (let left = 60; left > 0; left -= 1) {
  const other = below(20);
  const length = [4, 16, 16, 16, other][below(5)] as number;
  const data = Uint8Array.from({ length }, () => (below(2) ? below(256) : 0));
  attempt('inet_ntoa', data);
  attempt('inet_ntop', 2, data);
  attempt('inet_ntop', 10, data);
}
for (const tail of ['ffff01020304', '000001020304', '000000000001', '000000000102'])
  attempt('inet_ntop', 10, Buffer.from(`${'00'.repeat(10)}${tail}`, 'hex'));
for (const family of [0, 1, 3, 99, -1]) {
  attempt('inet_pton', family, '1.2.3.4');
  attempt('inet_ntop', family, Buffer.from([1, 2, 3, 4]));
}
for (const wrong of [5, undefined]) {
  attempt('inet_aton', wrong);
  attempt('inet_ntoa', wrong);
  attempt('inet_pton', 2, wrong);
  attempt('inet_ntop', 2, wrong);
}
attempt('inet_aton', '1.2.3.4\0');
attempt('inet_pton', 2, '1.2.3.4\0');

// Byte order, and room for ancillary data.
// biome-ignore format: as in Python
const NUMBERS = [0, 1, 0x1234, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xdeadbeef, 2 ** 32 - 1, 2 ** 32, -1, 'a'];
for (const name of ['htons', 'ntohs', 'htonl', 'ntohl', 'CMSG_LEN', 'CMSG_SPACE'])
  for (const number of NUMBERS) attempt(name, number);
for (let off = 0; off < 30; off += 1) {
  attempt('CMSG_LEN', 0x7fffffff - off);
  attempt('CMSG_SPACE', 0x7fffffff - off);
  attempt('CMSG_LEN', off);
  attempt('CMSG_SPACE', off);
}

// Services and protocols of no file of names.
for (const name of ['nope', '', 'http\0']) {
  for (const proto of [[], ['tcp'], ['nope']]) attempt('getservbyname', name, ...proto);
  attempt('getprotobyname', name);
}
for (const port of [-1, 65536, 2 ** 40, 'a', undefined]) attempt('getservbyport', port);
attempt('getservbyport', 80, 'nope');
attempt('getservbyname', 5);
attempt('getprotobyname', 5);

// Interfaces.
for (const name of ['lo', 'nope', '', '.', '..', '../net/lo', 'lo/', 'lo\0', 5])
  attempt('if_nametoindex', name);
for (const index of [1, 0, 99999, 'lo']) attempt('if_indextoname', index);

// Descriptors that are none.
for (const fd of [-1, 99999, 2 ** 31 - 1, 2 ** 31, 'a', undefined]) {
  attempt('close', fd);
  attempt('dup', fd);
}
