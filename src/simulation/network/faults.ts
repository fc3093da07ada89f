import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import { Random } from '../clock/random.ts';
import type { Trace } from './trace.ts';

/**
 * What goes wrong, and how often. Shares are from 0 to 1, and times are in seconds. A rate is the average number of
 * events per simulated minute.
 */
export interface FaultWeights {
  /** The other weights; by default `'calm'`. */
  readonly profile?: FaultProfile | undefined;
  /** The one-way latency between two hosts: minimum and maximum. */
  readonly latency?: readonly [least: number, most: number] | undefined;
  /** Bytes per second of a link. */
  readonly bandwidth?: number | undefined;
  /** The share of packets that are lost. Streams send them again; datagrams are gone. */
  readonly loss?: number | undefined;
  /** The share of datagrams that arrive twice. */
  readonly duplicate?: number | undefined;
  /** The share of sends that arrive in pieces. */
  readonly cut?: number | undefined;
  /** The share of sends that arrive up to a second later. */
  readonly stall?: number | undefined;
  /** The share of connection attempts that are refused. */
  readonly refuse?: number | undefined;
  /** The share of connection attempts without an answer. */
  readonly backlog?: number | undefined;
  /** The share of name lookups that fail. */
  readonly lookup?: number | undefined;
  /** The rate of connection resets. */
  readonly reset?: number | undefined;
  /** The rate of partitions between two hosts. They last up to ten seconds. */
  readonly partition?: number | undefined;
  /** The rate of crashes; the host restarts within five seconds. */
  readonly crash?: number | undefined;
  /** The rate of power losses; the host restarts within five seconds. */
  readonly power?: number | undefined;
  /** The rate of shortages of descriptors. They last up to five seconds. */
  readonly descriptors?: number | undefined;
  /** The rate of freezes. They last up to two seconds. */
  readonly freeze?: number | undefined;
  /** The maximum difference between clocks. */
  readonly skew?: number | undefined;
  /** The maximum number of seconds that a clock gains per second. */
  readonly drift?: number | undefined;
}

/** All weights. */
export type Weights = {
  readonly [K in Exclude<keyof FaultWeights, 'profile'>]-?: NonNullable<FaultWeights[K]>;
};

/** The names of the predefined weights. */
export type FaultProfile = 'calm' | 'rough' | 'hell';

/** Those that are shares. */
const SHARES = ['loss', 'duplicate', 'cut', 'stall', 'refuse', 'backlog', 'lookup'] as const;

/** Those that come at a rate. */
export const DRAWN_RATES = [
  'reset',
  'partition',
  'crash',
  'freeze',
  'power',
  'descriptors',
] as const;

/** Those that are 0 without faults. */
const ZEROS = [...SHARES, ...DRAWN_RATES, 'skew', 'drift'] as const;

const CALM: Weights = {
  ...(Object.fromEntries(ZEROS.map((name) => [name, 0])) as Record<(typeof ZEROS)[number], number>),
  latency: [0.0002, 0.002],
  bandwidth: Number.POSITIVE_INFINITY,
};

const PROFILES: Record<FaultProfile, Weights> = {
  calm: CALM,
  rough: {
    ...CALM,
    latency: [0.0005, 0.1],
    loss: 0.01,
    duplicate: 0.01,
    cut: 0.2,
    stall: 0.01,
    lookup: 0.01,
    reset: 1,
    partition: 0.5,
    freeze: 0.5,
    skew: 1,
    drift: 0.0001,
  },
  hell: {
    ...CALM,
    latency: [0.0005, 0.5],
    loss: 0.05,
    duplicate: 0.05,
    cut: 0.5,
    stall: 0.05,
    refuse: 0.05,
    lookup: 0.05,
    reset: 6,
    partition: 4,
    crash: 2,
    freeze: 4,
    skew: 60,
    drift: 0.01,
  },
};

/** The kinds of faults that are drawn individually. A run can omit some of them. */
export type FaultKind = DrawnShare | DrawnRate;
type DrawnShare = 'stall' | 'refuse' | 'backlog' | 'lookup';
type DrawnRate = (typeof DRAWN_RATES)[number];

/** A fault that occurred. */
export interface Fault {
  /** Its name. The third partition that was drawn is `'partition3'`. */
  readonly name: string;
  /** Its kind. */
  readonly kind: FaultKind;
  /** When it occurred, in simulated seconds. */
  readonly time: number;
  /** Where it occurred. */
  readonly what: string;
}

/** The faults of one run: those drawn, and those that occurred. */
export class Faults {
  readonly weights: Weights;
  /** Those that occurred. */
  readonly happened: Fault[] = [];
  /** Can individually drawn faults occur? Not once the simulation is ending. */
  on = true;
  readonly #seed: string;
  readonly #random: Map<FaultKind, Random> = new Map();
  readonly #trace: Trace;
  /** The faults that may occur; all if `undefined`. */
  readonly #only: ReadonlySet<string> | undefined;
  readonly #drawn: Map<FaultKind, number> = new Map();

  constructor(weights: Weights, seed: string, trace: Trace, only: ReadonlySet<string> | undefined) {
    this.weights = weights;
    this.#seed = seed;
    this.#trace = trace;
    this.#only = only;
  }

  /** Does a fault with a share occur? */
  draws(kind: DrawnShare, what: string): boolean {
    if (!this.on || this.weights[kind] === 0) return false;
    const random = this.#random.get(kind) ?? new Random(`${this.#seed}/${kind}`);
    this.#random.set(kind, random);
    return random.chance(this.weights[kind]) && this.occurs(kind, what);
  }

  /** Counts a fault that was drawn. Does it occur? Not if this run omits it. */
  occurs(kind: FaultKind, what: string): boolean {
    const number = (this.#drawn.get(kind) ?? 0) + 1;
    this.#drawn.set(kind, number);
    const name = `${kind}${number}`;
    if (this.#only?.has(name) === false) return false;
    this.happened.push({ name, kind, time: this.#trace.now(), what });
    this.#trace.fault(`${kind}: ${what}`);
    return true;
  }
}

/**
 * The weights of a profile, or custom weights on top of one.
 *
 * @throws {TypeError} when it is neither
 * @throws {RangeError} when a weight is not known, or out of range
 */
export function faultWeights(faults: FaultProfile | FaultWeights): Weights {
  const wrong = `faults must be calm, rough, hell or weights, got ${brief(faults)}`;
  const isProfile = typeof faults === 'string';
  if (!isProfile && (typeof faults !== 'object' || faults === null)) throw typeError(wrong);
  const { profile = 'calm', ...weights } = isProfile ? { profile: faults } : faults;
  if (!Object.hasOwn(PROFILES, profile)) throw rangeError(wrong);
  for (const [name, value] of Object.entries(weights)) {
    if (!(name in CALM)) throw rangeError(`unknown weight in faults: ${brief(name)}`);
    const numbers = name === 'latency' ? value : [value];
    const isShare = (SHARES as readonly string[]).includes(name);
    const valid = (number: unknown): boolean =>
      typeof number === 'number' && number >= 0 && (number <= 1 || !isShare);
    if (value !== undefined && !(Array.isArray(numbers) && numbers.every(valid)))
      throw rangeError(
        `faults: ${name} must be ${isShare ? 'from 0 to 1' : 'a number >= 0'}, got ${brief(value)}`,
      );
  }
  const given = Object.entries(weights).filter(([, value]) => value !== undefined);
  return { ...PROFILES[profile], ...Object.fromEntries(given) };
}
