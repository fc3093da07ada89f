/** Numbers for hosts, ports and flags, odd ones too: what getaddrinfo() and getnameinfo() take. */

import { readFileSync } from 'node:fs';
import { repr } from '../../src/base/printing/repr.ts';
import { getRunningLoop, run } from '../../src/index.ts';
import { gaierror } from '../../src/socket.ts';
import { print } from '../support/print.ts';

type Port = number | string | null;

interface Cases {
  readonly hosts: readonly (string | null)[];
  readonly ports: readonly Port[];
  readonly flags: readonly number[];
  readonly kinds: readonly (readonly [type: number, proto: number])[];
  readonly addresses: readonly (readonly [string, number, number?, number?])[];
  readonly nameFlags: readonly number[];
}

const CASES = JSON.parse(readFileSync('test/parity/fixtures/names.json', 'utf8')) as Cases;

const HOSTS = ['127.0.0.1', '::1', null];

async function attempt<T>(call: () => PromiseLike<T>): Promise<T | string> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof gaierror)) throw error;
    return `gaierror ${/-\d+/.exec(error.message)}`;
  }
}

/** As Python prints it. */
function json(values: readonly unknown[]): string {
  const escaped = (text: string): string =>
    text.replace(
      /[\u007f-\uffff]/g,
      (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `[${values.map((value) => escaped(JSON.stringify(value))).join(', ')}]`;
}

async function addresses(
  host: string | null,
  port: Port,
  family = 0,
  type = 0,
  proto = 0,
  flags = 0,
): Promise<void> {
  const options = { family, type, proto, flags };
  const found = await attempt(() =>
    getRunningLoop().getaddrinfo(host ?? undefined, port ?? undefined, options),
  );
  const text =
    typeof found === 'string'
      ? found
      : found.map(([f, t, p, , address]) => `${f} ${t} ${p} ${address}`).join(' ');
  print(json([host, port, family, type, proto, flags]), text);
}

async function main(): Promise<void> {
  for (const host of CASES.hosts)
    for (const family of [0, 2, 10])
      for (const flags of [4, 5, 12]) await addresses(host, 80, family, 1, 0, flags);
  for (const port of CASES.ports) {
    await addresses('127.0.0.1', port, 0, 1);
    await addresses('::1', port, 2, 1);
    await addresses(null, port, 0, 1);
  }
  for (const host of HOSTS) {
    for (const family of [1, 99, -1]) await addresses(host, 80, family, 1);
    for (const flags of CASES.flags) {
      await addresses(host, 80, 10, 1, 0, flags);
      await addresses(host, 80, 0, 1, 0, flags);
      await addresses(host, '1x', 0, 1, 0, flags);
    }
    for (const [type, proto] of CASES.kinds) await addresses(host, 80, 0, type, proto);
  }
  for (const address of CASES.addresses)
    for (const flags of CASES.nameFlags) {
      const names = await attempt(() => getRunningLoop().getnameinfo(address, flags));
      const text = typeof names === 'string' ? names : `(${names.map(repr).join(', ')})`;
      print(json(address), flags, text);
    }
}

await run(main);
