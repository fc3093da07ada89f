/** The messages of nodes and clients. */
import type { Address } from './link.ts';
import type { Command } from './store.ts';

export interface Entry {
  readonly term: number;
  readonly command: Command;
}

export interface VoteRequest {
  readonly type: 'vote';
  readonly term: number;
  readonly candidate: Address;
  /** The candidate's log: its length, and the term of its last entry. */
  readonly length: number;
  readonly lastTerm: number;
}

export interface VoteAnswer {
  readonly term: number;
  readonly granted: boolean;
}

export interface AppendRequest {
  readonly type: 'append';
  readonly term: number;
  readonly leader: Address;
  /** The number of entries before these, and the term of the last one of them. */
  readonly from: number;
  readonly fromTerm: number;
  readonly entries: readonly Entry[];
  readonly committed: number;
}

export interface AppendAnswer {
  readonly term: number;
  readonly fits: boolean;
  /** If the entries do not fit: after how many entries to try next. */
  readonly length: number;
}

export type ClientRequest =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'do'; readonly command: Command };

export type ClientAnswer =
  | { readonly result: string | boolean | null }
  /** The leader, if known. */
  | { readonly leader: Address | undefined };

export type Request = VoteRequest | AppendRequest | ClientRequest;
