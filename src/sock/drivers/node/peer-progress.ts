import { fstatSync } from 'node:fs';
import { fsPromises } from '../../../base/node-modules.ts';
import { now } from '../../../base/node-timers.ts';
import { outside } from './handles.ts';

/**
 * Does the peer of a TCP socket take what was sent, however little?
 *
 * libuv does not say. Linux lists for all TCP sockets how many bytes their peers have not acknowledged
 * yet. The list is read beside the program, for it may be long; so each answer is about the time before
 * the last question. Elsewhere the answer is no.
 */
export class PeerProgress {
  readonly #inode: string;
  #list: Counts | undefined;
  #count: number | undefined;
  #answer = false;

  /** @param fd - of a TCP socket that is open */
  constructor(fd: number) {
    this.#inode = String(fstatSync(fd).ino);
  }

  /** Has it taken bytes, between the last two lists? Yes as well while that is not known. */
  ask(): boolean {
    const answer = this.#answer;
    this.#answer = true;
    void outside(currentList).then((list) => this.#compare(list));
    return answer;
  }

  #compare(list: Counts): void {
    if (list === this.#list) return;
    const count = list.get(this.#inode);
    this.#answer = count !== this.#count;
    this.#list = list;
    this.#count = count;
  }
}

/** Bytes that are not acknowledged, by the socket's inode as Linux prints it. */
type Counts = ReadonlyMap<string, number>;

const LISTS = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
/** The columns of a line: both queues in hexadecimal, the one to be sent first; and the inode. */
const QUEUES = 4;
const INODE = 9;

/** A list serves for so many times as long as it took to read. */
const SERVES_TIMES = 3;

let newest: Promise<Counts> | undefined;
/** In milliseconds. */
let servesUntil = 0;

function currentList(): Promise<Counts> {
  if (newest === undefined || now() >= servesUntil) newest = readLists();
  return newest;
}

async function readLists(): Promise<Counts> {
  servesUntil = Number.POSITIVE_INFINITY;
  const began = now();
  const counts = new Map<string, number>();
  for (const list of LISTS)
    addCounts(
      counts,
      await fsPromises()
        .readFile(list, 'latin1')
        .catch(() => ''),
    );
  const ended = now();
  servesUntil = ended + SERVES_TIMES * (ended - began);
  return counts;
}

function addCounts(counts: Map<string, number>, list: string): void {
  for (const line of list.split('\n').slice(1)) {
    const columns = line.trim().split(/ +/);
    const queues = columns[QUEUES];
    const inode = columns[INODE];
    if (queues !== undefined && inode !== undefined) counts.set(inode, Number.parseInt(queues, 16));
  }
}
