import { fstatSync } from 'node:fs';
import { fsPromises } from '../../../base/node-modules.ts';
import { now } from '../../../base/node-timers.ts';
import { outside } from './handles.ts';

/**
 * Does the peer of a TCP socket take bytes, however few?
 *
 * libuv does not tell. Linux lists for each TCP socket how many bytes its peer has not
 * acknowledged. The list may be long, so it is read asynchronously: each answer is about the time
 * before the previous question. On other systems the answer is always no.
 */
export class PeerProgress {
  readonly #inode: string;
  #list: Counts | undefined;
  #count: number | undefined;
  #answer = false;

  /** @param fd - an open TCP socket */
  constructor(fd: number) {
    this.#inode = String(fstatSync(fd).ino);
  }

  /** Has the peer taken bytes between the last two lists? True if that is not known yet. */
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

/** Unacknowledged bytes, by the socket's inode as Linux prints it. */
type Counts = ReadonlyMap<string, number>;

const LISTS = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
/** Columns of a line: both queues in hexadecimal, the send queue first; and the inode. */
const QUEUES = 4;
const INODE = 9;

/** How long a list is reused, as a multiple of the time it took to read. */
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
