import { fstatSync } from 'node:fs';
import { fsPromises } from '../../../base/node-modules.ts';
import { setTimeout } from '../../../base/node-timers.ts';
import { outside } from './handles/node-handles.ts';

/**
 * Does the peer of a TCP socket take bytes, however few?
 *
 * libuv does not report this. Linux lists for each TCP socket how many bytes its peer has not
 * acknowledged. On other systems, every answer after the first is no.
 */
export class PeerProgress {
  readonly #inode: string;
  #asked = false;
  #count: number | undefined;

  /** @param fd - an open TCP socket */
  constructor(fd: number) {
    this.#inode = String(fstatSync(fd).ino);
  }

  /** Has the peer taken bytes since the last answer? The first answer is yes. */
  async ask(): Promise<boolean> {
    const list = await outside(nextList);
    const count = list.get(this.#inode);
    const moved = !this.#asked || count !== this.#count;
    this.#asked = true;
    this.#count = count;
    return moved;
  }
}

/** Unacknowledged bytes, by the socket's inode as Linux prints it. */
type Counts = ReadonlyMap<string, number>;

const LISTS = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
/** Columns of a line: both queues in hexadecimal, the send queue first; and the inode. */
const QUEUES = 4;
const INODE = 9;

/**
 * Characters of a list per millisecond of pause after it. Reading and searching them takes a
 * quarter of that time, partly in another thread.
 */
const SIZE_PER_REST = 5000;

/** The list to be read next, if one was requested. */
let next: Promise<Counts> | undefined;
const nothing = Promise.resolve();
let last: Promise<unknown> = nothing;

/**
 * The next list. All calls until its reading starts share it. It is read in many small pieces, each
 * of which takes a turn of Node's loop, so how long that takes says nothing about its cost.
 */
function nextList(): Promise<Counts> {
  next ??= last.then(() => {
    next = undefined;
    const list = readLists();
    last = list.then(async ({ size }) => {
      await rest(size);
      // Otherwise the task that asked would stay alive until the next list.
      last = nothing;
    });
    return list.then(({ counts }) => counts);
  });
  return next;
}

function rest(size: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, size / SIZE_PER_REST).unref());
}

async function readLists(): Promise<{ counts: Counts; size: number }> {
  const counts = new Map<string, number>();
  let size = 0;
  for (const path of LISTS) {
    const list = await fsPromises()
      .readFile(path, 'latin1')
      .catch(() => '');
    addCounts(counts, list);
    size += list.length;
  }
  return { counts, size };
}

function addCounts(counts: Map<string, number>, list: string): void {
  for (const line of list.split('\n').slice(1)) {
    const columns = line.trim().split(/ +/);
    const queues = columns[QUEUES];
    const inode = columns[INODE];
    if (queues !== undefined && inode !== undefined) counts.set(inode, Number.parseInt(queues, 16));
  }
}
