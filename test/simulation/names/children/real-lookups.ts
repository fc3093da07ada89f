/**
 * The calls of lookup-cases.ts on the system's resolver, which asks a name server of this process, in a network and
 * with files of its own: `unshare -rnm node real-lookups.js DRIVER`. Prints what each call sees, as JSON.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../../../src/index.ts';
import * as socket from '../../../../src/socket.ts';
import { inetPton } from '../../../../src/socket.ts';
import { NAMES, playLookups } from '../lookup-cases.ts';

const FILES = {
  'resolv.conf': 'nameserver 127.0.0.1\noptions timeout:5 attempts:1\n',
  hosts: '127.0.0.1 localhost\n',
};

const folder = mkdtempSync(path.join(tmpdir(), 'lookups-'));
for (const [name, text] of Object.entries(FILES)) {
  writeFileSync(path.join(folder, name), text);
  execFileSync('mount', ['--bind', path.join(folder, name), `/etc/${name}`]);
}
execFileSync('ip', ['link', 'set', 'lo', 'up']);

/** Types of records, and codes of answers. */
const RECORDS: Record<number, number> = { 1: socket.AF_INET, 28: socket.AF_INET6 };
const SERVFAIL = 2;
const NXDOMAIN = 3;

const server = createSocket('udp4');
server.on('message', (query, { address, port }) => {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const name = labels.join('.');
  const type = query.readUInt16BE(at + 1);
  const found = name in NAMES ? NAMES[name] : [];
  const data = (found ?? []).flatMap((each) => {
    const family = each.includes(':') ? socket.AF_INET6 : socket.AF_INET;
    return RECORDS[type] === family ? [inetPton(family, each)] : [];
  });
  const head = Buffer.from(query.subarray(0, 12));
  const code = found === undefined ? SERVFAIL : name in NAMES ? 0 : NXDOMAIN;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(data.length, 6);
  head.writeUInt32BE(0, 8);
  const answers = data.map((bytes) => {
    // The name of the question, IN, 5 s.
    const answer = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, bytes.length]);
    return Buffer.concat([answer, bytes]);
  });
  server.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), port, address);
});
server.bind(53, '127.0.0.1');
await once(server, 'listening');

const driver = process.argv[2] as 'posix' | 'node';
console.log(JSON.stringify(await run(() => playLookups(driver)), undefined, 2));
server.close();
rmSync(folder, { recursive: true });
