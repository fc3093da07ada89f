/** Calls that look up names, which are played on a simulated host and on this system's resolver. */
import {
  DatagramProtocol,
  getRunningLoop,
  type Loop,
  openConnection,
  startServer,
} from '../../../src/index.ts';
import type { AddressInfoOptions } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';

/** The addresses of each name: none, or a resolver that fails; `unknown.test` is none. */
export const NAMES: Readonly<Record<string, readonly string[] | undefined>> = {
  'four.test': ['10.0.0.9'],
  'six.test': ['fd00::9'],
  'empty.test': [],
  'failing.test': undefined,
};

const { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } = socket;

/** An address that has no name. */
const NOBODY = ['10.9.9.9', 80] as const;

type Call = (loop: Loop, driver: 'posix' | 'node' | undefined) => unknown;

const CALLS: Record<string, Call> = {};

const look = (
  host: string,
  options: AddressInfoOptions = {},
  port: number | string | undefined = 80,
): void => {
  const asked = Object.entries({ port, ...options }).map((pair) => pair.join(' '));
  CALLS[`getaddrinfo ${host}, ${asked.join(', ')}`] = async (loop) => {
    const found = await loop.getaddrinfo(host, port, { type: SOCK_STREAM, ...options });
    return found.map(([, , , , address]) => `${address}`).join(' ');
  };
};

for (const host of ['unknown.test', ...Object.keys(NAMES)])
  for (const family of [0, AF_INET, AF_INET6]) look(host, { family });
for (const host of ['10.0.0.9', 'fd00::9', '127.1', '::ffff:10.0.0.9'])
  for (const family of [AF_INET, AF_INET6]) look(host, { family });
// No numeric addresses, and no names that a resolver knows.
for (const host of [
  '256.1.1.1',
  '1.2.3.4.5',
  '::g',
  '10.0.0.9:80',
  '',
  '.',
  'a..b',
  'x'.repeat(64),
])
  look(host);
look('fe80::1%nowhere');
for (const host of ['four.test', 'unknown.test', '127.0.0.1'])
  for (const port of ['nonsense', '80x', '-1', 'http', '']) look(host, {}, port);
look('four.test', { type: SOCK_DGRAM }, 'http');
look('four.test', { flags: socket.AI_NUMERICHOST });
look('four.test', { flags: socket.AI_NUMERICSERV }, 'http');
look('four.test', { flags: 0x8000 });
look('unknown.test', { family: 99 });
look('unknown.test', { type: 99 });

for (const [host, family] of [
  ['unknown.test', AF_INET],
  ['six.test', AF_INET],
  ['failing.test', AF_INET],
  ['four.test', AF_INET6],
] as const) {
  const name = `${host}, ${family === AF_INET ? 'AF_INET' : 'AF_INET6'}`;
  const use = (what: string, type: number, call: (loop: Loop, sock: socket.Socket) => unknown) => {
    CALLS[`${what} ${name}`] = async (loop, driver) => {
      const sock = socket.socket(family, type, 0, { driver });
      sock.setblocking(false);
      try {
        return await call(loop, sock);
      } finally {
        sock.close();
      }
    };
  };
  use('sockConnect', SOCK_STREAM, (loop, sock) => loop.sockConnect(sock, [host, 80]));
  CALLS[`openConnection ${name}`] = () => openConnection(host, 80, { family });
  CALLS[`startServer ${name}`] = () => startServer(() => {}, host, 80, { family });
  CALLS[`createDatagramEndpoint ${name}`] = (loop) =>
    loop.createDatagramEndpoint(() => new DatagramProtocol(), { remoteAddr: [host, 80], family });
  // These do not look up a name; a simulated host knows all names.
  if (host !== 'unknown.test') continue;
  use('sockSendto', SOCK_DGRAM, (loop, sock) =>
    loop.sockSendto(sock, Buffer.from('x'), [host, 80]),
  );
  use('bind', SOCK_STREAM, (_loop, sock) => sock.bind([host, 0]));
  use('connect', SOCK_STREAM, (_loop, sock) => sock.connect([host, 80]));
  use('sendto', SOCK_DGRAM, (_loop, sock) => sock.sendto(Buffer.from('x'), [host, 80]));
}
for (const host of ['unknown.test', 'four.test', 'six.test', 'failing.test']) {
  CALLS[`gethostbyname ${host}`] = () => socket.gethostbyname(host);
  CALLS[`gethostbynameEx ${host}`] = async () => JSON.stringify(await socket.gethostbynameEx(host));
}
for (const flags of [0, socket.NI_NAMEREQD, socket.NI_NUMERICHOST, socket.NI_NUMERICSERV])
  CALLS[`getnameinfo, flags ${flags}`] = async (loop) => `${await loop.getnameinfo(NOBODY, flags)}`;
CALLS['gethostbyaddr'] = () => socket.gethostbyaddr(NOBODY[0]);
CALLS['getfqdn'] = () => socket.getfqdn(NOBODY[0]);

/** What each call returns, or how it fails. */
export async function playLookups(
  driver: 'posix' | 'node' | undefined,
): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const [name, call] of Object.entries(CALLS))
    try {
      seen[name] = `${await call(getRunningLoop(), driver)}`;
    } catch (error) {
      if (!(error instanceof socket.error)) throw error;
      const { code, errno, syscall, message } = error;
      seen[name] = `${error.name} ${code} ${errno} ${syscall}: ${message}`;
    }
  return seen;
}
