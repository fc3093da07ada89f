/** What nodes and clients say to each other. */
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
  /** So many entries come before these, and the last one of those has this term. */
  readonly from: number;
  readonly fromTerm: number;
  readonly entries: readonly Entry[];
  readonly committed: number;
}

export interface AppendAnswer {
  readonly term: number;
  readonly fits: boolean;
  /** Where they do not fit: try again from here. */
  readonly length: number;
}

export type ClientRequest =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'do'; readonly command: Command };

export type ClientAnswer =
  | { readonly result: string | boolean | null }
  /** Ask this one, if it is known. */
  | { readonly leader: Address | undefined };

export type Request = VoteRequest | AppendRequest | ClientRequest;
