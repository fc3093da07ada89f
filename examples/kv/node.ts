/**
 * A node of a replicated store: Raft, by Diego Ongaro and John Ousterhout, without membership changes and snapshots.
 * While the leader has a lease, it answers reads without asking the other nodes.
 */
import * as asyncio from 'asyncio-ts';
import { type Address, answerAll, Link } from './link.ts';
import type {
  AppendAnswer,
  AppendRequest,
  ClientAnswer,
  Entry,
  Request,
  VoteAnswer,
  VoteRequest,
} from './messages.ts';
import { type Command, NOTHING, Store } from './store.ts';

/** The time between heartbeats of a leader, in seconds. */
const HEARTBEAT = 0.5;
/** How long a leader may answer reads after a majority has heard from it, in seconds. */
const LEASE = 4;
/** How long nodes do not vote for another leader: longer than a lease, even if their clock is fast. */
const ELECTION = 5;
const SHORT_ELECTION = 1;
/** How long to wait for an answer, in seconds. */
const CALL = 2;
/** How many entries a message may have. */
const BATCH = 20;

/** What must survive a crash. */
export interface Disk {
  term: number;
  votedFor: Address | undefined;
  readonly log: Entry[];
  save(): void;
}

/** Deliberate bugs, for the simulation to find. */
export interface Mistakes {
  /** The leader answers reads without checking whether it still is the leader. */
  readonly staleRead?: boolean;
  /** Nodes vote for a leader that lacks committed entries. */
  readonly lostWrite?: boolean;
  /** Nodes elect another leader while the old one still has a lease. */
  readonly shortTimeout?: boolean;
}

export interface NodeOptions {
  readonly address: Address;
  readonly peers: readonly Address[];
  readonly disk: Disk;
  readonly mistakes?: Mistakes;
}

/** What the leader knows about another node. */
class Peer {
  readonly link: Link;
  /** The next entry to send. */
  next = 0;
  /** The number of entries that it is known to have. */
  matched = 0;
  /** When the last message that it answered was sent. */
  heard = Number.NEGATIVE_INFINITY;

  constructor(address: Address) {
    this.link = new Link(address);
  }
}

/**
 *               no leader for some time            a majority votes for it
 *   follower ───────────────────────────▶ candidate ───────────────────▶ leader
 *       ▲      another leader, a later term    │                          │
 *       └──────────────────────────────────────┴──────────────────────────┘
 */
export class Node {
  readonly #address: Address;
  readonly #disk: Disk;
  readonly #mistakes: Mistakes;
  readonly #election: number;
  readonly #peers: ReadonlyMap<Address, Peer>;
  readonly #loop = asyncio.getRunningLoop();
  readonly #group = new asyncio.TaskGroup();
  readonly #grown = new asyncio.Condition();
  #store = new Store();
  #role: 'follower' | 'candidate' | 'leader' = 'follower';
  #leader: Address | undefined;
  #committed = 0;
  /** When it last heard from a leader. Set to the time of the start, because there may have been one before. */
  #heard = this.#loop.time();
  /** When it started to wait for a leader. */
  #since = this.#loop.time();
  /** The length of the log when it became leader, including its first entry as leader. */
  #begin = 0;
  /** Clients that wait for an entry to be committed. */
  readonly #waiting = new Map<number, asyncio.Future<ClientAnswer>>();

  constructor({ address, peers, disk, mistakes = {} }: NodeOptions) {
    this.#address = address;
    this.#disk = disk;
    this.#mistakes = mistakes;
    this.#election = mistakes.shortTimeout ? SHORT_ELECTION : ELECTION;
    this.#peers = new Map(peers.map((peer) => [peer, new Peer(peer)]));
  }

  /** Serves until it is cancelled. */
  async run(): Promise<void> {
    const port = Number(this.#address.split(':')[1]);
    await using _server = await asyncio.startServer(
      (reader, writer) => answerAll(reader, writer, (request) => this.#answer(request as Request)),
      '0.0.0.0',
      port,
    );
    try {
      await this.#group.run(() => this.#watch());
    } finally {
      // Answers the waiting clients, because the server waits for them.
      this.#follow(this.#disk.term, undefined);
      for (const { link } of this.#peers.values()) link.close();
    }
  }

  async #answer(request: Request): Promise<unknown> {
    if (request.type === 'vote') return this.#vote(request);
    if (request.type === 'append') return this.#append(request);
    if (request.type === 'get') return this.#get(request.key);
    return await this.#do(request.command);
  }

  // ---- clients ---------------------------------------------------------------------------------

  #get(key: string): ClientAnswer {
    const knowsAll = this.#role === 'leader' && this.#committed >= this.#begin;
    if (knowsAll && (this.#mistakes.staleRead || this.#hasLease()))
      return { result: this.#store.get(key) };
    return { leader: this.#role === 'leader' ? undefined : this.#leader };
  }

  async #do(command: Command): Promise<ClientAnswer> {
    if (this.#role !== 'leader') return { leader: this.#leader };
    const done = this.#loop.createFuture<ClientAnswer>();
    this.#waiting.set(this.#disk.log.length, done);
    await this.#add(command);
    return await done;
  }

  /** Has a majority heard from this leader, so that no other leader can have been elected? */
  #hasLease(): boolean {
    const now = this.#loop.time();
    const heard = [now, ...[...this.#peers.values()].map((peer) => peer.heard)];
    return now < this.#ofMajority(heard) + LEASE;
  }

  /** The largest number that a majority has reached. */
  #ofMajority(numbers: number[]): number {
    numbers.sort((a, b) => b - a);
    return numbers[numbers.length >> 1] as number;
  }

  // ---- followers -------------------------------------------------------------------------------

  #vote({ term, candidate, length, lastTerm }: VoteRequest): VoteAnswer {
    const disk = this.#disk;
    const now = this.#loop.time();
    const hasLeader =
      this.#role === 'leader' ? this.#hasLease() : now < this.#heard + this.#election;
    if (term < disk.term || hasLeader) return { term: disk.term, granted: false };
    this.#follow(term, undefined);
    const mine = this.#termBefore(disk.log.length);
    const hasAll = lastTerm > mine || (lastTerm === mine && length >= disk.log.length);
    const isFree = disk.votedFor === undefined || disk.votedFor === candidate;
    const granted = isFree && (hasAll || this.#mistakes.lostWrite === true);
    if (granted) {
      disk.votedFor = candidate;
      disk.save();
      this.#since = now;
    }
    return { term, granted };
  }

  #append({ term, leader, from, fromTerm, entries, committed }: AppendRequest): AppendAnswer {
    const disk = this.#disk;
    const { log } = disk;
    if (term < disk.term) return { term: disk.term, fits: false, length: log.length };
    this.#follow(term, leader);
    this.#heard = this.#loop.time();
    this.#since = this.#heard;
    if (from > log.length || this.#termBefore(from) !== fromTerm)
      return { term, fits: false, length: Math.min(log.length, from - 1) };
    for (const [n, entry] of entries.entries()) {
      const at = from + n;
      if (log[at]?.term === entry.term) continue;
      log.length = at;
      log.push(entry);
    }
    disk.save();
    this.#commit(Math.min(committed, from + entries.length));
    return { term, fits: true, length: log.length };
  }

  /** The term of the last of the first `length` entries. */
  #termBefore(length: number): number {
    return this.#disk.log[length - 1]?.term ?? 0;
  }

  #follow(term: number, leader: Address | undefined): void {
    const disk = this.#disk;
    if (term > disk.term) {
      disk.term = term;
      disk.votedFor = undefined;
      disk.save();
      this.#leader = undefined;
    }
    this.#role = 'follower';
    this.#leader = leader ?? this.#leader;
    for (const done of this.#waiting.values())
      if (!done.done()) done.setResult({ leader: this.#leader });
    this.#waiting.clear();
  }

  /** Becomes a candidate whenever there has been no leader for some time. */
  async #watch(): Promise<void> {
    for (;;) {
      const patience = this.#election * (1 + Math.random());
      for (;;) {
        const left = this.#since + patience - this.#loop.time();
        if (left <= 0) break;
        await asyncio.sleep(left);
      }
      this.#since = this.#loop.time();
      if (this.#role !== 'leader') await this.#stand();
    }
  }

  // ---- candidates ------------------------------------------------------------------------------

  async #stand(): Promise<void> {
    const disk = this.#disk;
    disk.term += 1;
    disk.votedFor = this.#address;
    disk.save();
    this.#role = 'candidate';
    this.#leader = undefined;
    const { term } = disk;
    const request: VoteRequest = {
      type: 'vote',
      term,
      candidate: this.#address,
      length: disk.log.length,
      lastTerm: this.#termBefore(disk.log.length),
    };
    let votes = 1;
    const ask = async (peer: Peer): Promise<void> => {
      const answer = await this.#call<VoteAnswer>(peer, request);
      if (answer === undefined) return;
      if (answer.term > disk.term) this.#follow(answer.term, undefined);
      if (!answer.granted || this.#role !== 'candidate' || term !== disk.term) return;
      votes += 1;
      if (votes > (this.#peers.size + 1) / 2) await this.#lead();
    };
    await asyncio.gather(...[...this.#peers.values()].map(ask));
  }

  /** Asks a node; `undefined` if it does not answer. */
  async #call<T>(peer: Peer, request: Request): Promise<T | undefined> {
    try {
      return await peer.link.call<T>(request, CALL);
    } catch (error) {
      if (!asyncio.isException(error)) throw error;
      return undefined;
    }
  }

  // ---- the leader ------------------------------------------------------------------------------

  async #lead(): Promise<void> {
    const { log, term } = this.#disk;
    this.#role = 'leader';
    this.#leader = this.#address;
    this.#begin = log.length + 1;
    for (const peer of this.#peers.values()) {
      peer.next = log.length;
      peer.matched = 0;
      peer.heard = Number.NEGATIVE_INFINITY;
      this.#group.createTask(() => this.#replicate(peer, term));
    }
    await this.#add(NOTHING);
  }

  /** Adds an entry to the log. */
  async #add(command: Command): Promise<void> {
    this.#disk.log.push({ term: this.#disk.term, command });
    this.#disk.save();
    await this.#grown.with(async () => this.#grown.notifyAll());
  }

  #leads(term: number): boolean {
    return this.#role === 'leader' && this.#disk.term === term;
  }

  /** Replicates the log to a node while this node is the leader. */
  async #replicate(peer: Peer, term: number): Promise<void> {
    const { log } = this.#disk;
    while (this.#leads(term)) {
      const from = peer.next;
      const entries = log.slice(from, from + BATCH);
      const sent = this.#loop.time();
      const answer = await this.#call<AppendAnswer>(peer, {
        type: 'append',
        term,
        leader: this.#address,
        from,
        fromTerm: this.#termBefore(from),
        entries,
        committed: this.#committed,
      });
      if (!this.#leads(term)) return;
      if (answer === undefined) {
        await asyncio.sleep(HEARTBEAT / 2);
        continue;
      }
      if (answer.term > term) {
        this.#follow(answer.term, undefined);
        return;
      }
      peer.heard = sent;
      if (answer.fits) {
        peer.next = from + entries.length;
        peer.matched = peer.next;
        this.#commitOfMajority();
      } else peer.next = Math.max(0, answer.length);
      if (peer.next < log.length) continue;
      await asyncio.moveOnAfter(HEARTBEAT, () =>
        this.#grown.with(() => this.#grown.waitFor(() => peer.next < log.length)),
      );
    }
  }

  #commitOfMajority(): void {
    const { log, term } = this.#disk;
    const length = this.#ofMajority([
      log.length,
      ...[...this.#peers.values()].map(({ matched }) => matched),
    ]);
    // Entries of earlier terms are committed with one of this term.
    if (this.#termBefore(length) === term) this.#commit(length);
  }

  /** Applies committed entries, and answers the clients that wait for them. */
  #commit(length: number): void {
    for (; this.#committed < length; this.#committed += 1) {
      const { command } = this.#disk.log[this.#committed] as Entry;
      const result = this.#store.apply(command);
      const done = this.#waiting.get(this.#committed);
      this.#waiting.delete(this.#committed);
      if (done !== undefined && !done.done()) done.setResult({ result });
    }
  }
}
