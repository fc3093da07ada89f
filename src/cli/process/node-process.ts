import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { attempt } from '../../base/values/attempt.ts';
import { Failure } from './failure.ts';

/** The bit of SIGUSR1 in a signal mask. */
const SIGUSR1 = 1n << 9n;
/**
 * A socket in /proc/net/tcp or tcp6 that listens on a loopback address or on all, in the format of little-endian
 * machines: its address, port and inode.
 */
const LISTENS = /^ *\d+: (0100007F|0{24}01000000|0+):(\w+) \w+:\w+ 0A (?:\S+ +){5}(\d+)/gm;
/** A socket there that does not listen. */
const OTHER_STATE = /^ *\d+: \w+:\w+ \w+:\w+ (?!0A)\w\w /m;

/**
 * Checks that SIGUSR1 opens the inspector of a process, and does not kill it.
 *
 * @throws {Failure} when it does not
 */
export function checkIsNode(pid: number): void {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw noProcess(pid);
    throw new Failure(`not allowed to look into process ${pid}: it belongs to another user`);
  }
  if (process.platform !== 'linux') throw new Failure('looking into a process works on Linux only');
  const [, state = 'X', caught = '0'] =
    /^State:\t(\w)[\s\S]*^SigCgt:\s*(\w+)/m.exec(read(`/proc/${pid}/status`)) ?? [];
  // It has ended, even if its parent does not know yet.
  if (/[XZ]/.test(state)) throw noProcess(pid);
  const program = basename(target(`/proc/${pid}/exe`));
  if (program === '') throw new Failure(`not allowed to look into process ${pid}`);
  // The target identifies us by our process ID.
  if (target(`/proc/${pid}/ns/pid`) !== target('/proc/self/ns/pid'))
    throw new Failure(`process ${pid} is in a container: look into it from there`);
  if (!/^node/.test(program) || (BigInt(`0x${caught}`) & SIGUSR1) === 0n)
    throw new Failure(`process ${pid} is not a Node program: it is ${program}`);
  // The inspector would only open when it continues.
  if (/T/i.test(state)) throw new Failure(`process ${pid} is stopped`);
}

function noProcess(pid: number): Failure {
  return new Failure(`no such process: ${pid}`);
}

/**
 * The loopback addresses on which a process listens, such as `[::1]:9229`, in the order of their descriptors.
 *
 * @param open - a port that is also returned if it listens there on all addresses
 */
export function listeningAt(pid: number, open?: number): Set<string> {
  const known = new Map<string, string>();
  const tables = listening(`/proc/${pid}/net/tcp`) + listening(`/proc/${pid}/net/tcp6`);
  for (const [, address = '', hex = '', inode = ''] of tables.matchAll(LISTENS)) {
    const port = Number.parseInt(hex, 16);
    if (port === open || /[^0]/.test(address))
      known.set(inode, `${address.length > 8 ? '[::1]' : '127.0.0.1'}:${port}`);
  }
  if (looked?.pid !== pid) looked = { pid, descriptors: new Map() };
  const { descriptors } = looked;
  const unknown = new Set([...known.keys()].filter((inode) => !descriptors.has(inode)));
  const folder = `/proc/${pid}/fd`;
  const all = unknown.size > 0 ? attempt(() => readdirSync(folder), []) : [];
  for (let at = 0; at < all.length && unknown.size > 0; at += 1) {
    // From both ends: a server with many connections began to listen early, and the inspector comes last.
    const fd = all.at(at % 2 === 0 ? at / 2 : -(at + 1) / 2) as string;
    const inode = /^socket:\[(\d+)\]$/.exec(target(`${folder}/${fd}`))?.[1] ?? '';
    if (unknown.delete(inode)) descriptors.set(inode, Number(fd));
  }
  for (const inode of unknown) descriptors.set(inode, OF_OTHERS);
  return new Set(
    [...descriptors]
      .filter(([, fd]) => fd !== OF_OTHERS)
      .sort(([, a], [, b]) => a - b)
      .flatMap(([inode]) => known.get(inode) ?? []),
  );
}

/** The descriptors of the sockets that {@link listeningAt} has found, by inode. */
let looked: { readonly pid: number; readonly descriptors: Map<string, number> } | undefined;
/** In place of a descriptor: the socket belongs to another process. */
const OF_OTHERS = -1;

/**
 * The port of a process's inspector, according to its options; 0 for any.
 *
 * @returns also where it listens if it was opened on any port when the process started
 */
export function inspectPort(pid: number): [port: number, opened: string | undefined] {
  const options = read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`);
  const port = /--inspect(?:-brk|-port|-wait)?[=\0](?:[\w.:[\]-]*:)?(\d+)[\0\s"]/.exec(
    options,
  )?.[1];
  if (Number(port) !== 0 || !/--inspect(?:-brk|-wait)?[=\0 ]/.test(options))
    return [Number(port ?? 9229), undefined];
  // It was the first to listen.
  return [0, [...listeningAt(pid)][0]];
}

/** The start of a table: all sockets that listen, and few of the others, of which there may be very many. */
function listening(file: string): string {
  return attempt(() => {
    const fd = openSync(file, 'r');
    try {
      const piece = Buffer.alloc(4096);
      let text = '';
      while (!OTHER_STATE.test(text)) {
        const length = readSync(fd, piece);
        if (length === 0) break;
        text += piece.toString('latin1', 0, length);
      }
      return text;
    } finally {
      closeSync(fd);
    }
  }, '');
}

/** The text of a file; empty if it cannot be read. */
function read(path: string): string {
  return attempt(() => readFileSync(path, 'utf8'), '');
}

/** The target of a link; empty if it cannot be read. */
function target(path: string): string {
  return attempt(() => readlinkSync(path), '');
}
