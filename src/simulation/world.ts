import { checkOptions } from '../base/check-options.ts';
import { checkFunction } from '../base/check-types.ts';
import { InvalidStateError, RuntimeError } from '../base/errors/errors.ts';
import { gaierror, isShortage, osError } from '../base/errors/os-errors.ts';
import { rangeError, typeError } from '../base/errors/refusals.ts';
import { net } from '../base/node-modules.ts';
import { checkFiniteSeconds, checkSeconds } from '../base/numbers.ts';
import { brief } from '../base/printing/repr.ts';
import { Future } from '../core/futures/future.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { ExceptionContext, LoopCore } from '../core/turns/loop-core.ts';
import { runningLoop, setRunningLoop, setSeveralLoops } from '../core/turns/running-loop.ts';
import { numericHost } from '../sock/addresses/numeric-host.ts';
import { asKey } from '../sock/addresses/resolve.ts';
import { setSimulatedSystem } from '../sock/addresses/simulated-system.ts';
import { AF_UNSPEC } from '../sock/constants/constants.ts';
import { Chaos } from './chaos.ts';
import { Random } from './clock/random.ts';
import { Clock, Scheduler } from './clock/scheduler.ts';
import { checkLinearizable } from './history/check.ts';
import { History } from './history/history.ts';
import type { SequentialModel } from './history/models.ts';
import { Faults, type Weights } from './network/faults.ts';
import { SimulatedKernel } from './network/kernel.ts';
import { type LinkOptions, Network, type Path } from './network/network.ts';
import { Trace, type TraceEntry } from './network/trace.ts';
import { watchRealWaits } from './process/real-waits.ts';
import { type HostMain, SimulatedHost } from './simulated-host.ts';

/** Options for a host. */
export interface HostOptions {
  /** Its IPv4 address; by default the next free one of 10.0.0.0/16. */
  readonly address?: string | undefined;
  /** Its IPv6 address; by default none. */
  readonly address6?: string | undefined;
  /** How far its clock is ahead at the start, in seconds. By default random, if the faults have skew. */
  readonly skew?: number | undefined;
  /** How many seconds its clock gains per second. By default random, if the faults have drift. */
  readonly drift?: number | undefined;
  /** The maximum number of open descriptors; by default 1,024. */
  readonly descriptors?: number | undefined;
}

/** A host, or its name. If there is no such host, methods throw a `RangeError`. */
export type HostLike = SimulatedHost | string;

/** Waits until something holds. */
class Eventually extends Future<void> {
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  override _describe(): WaitDescription {
    return { operation: 'world.eventually', detail: this.#name };
  }
}

/** The arguments of {@link Run}. */
interface RunSettings {
  readonly seed: number | string;
  readonly weights: Weights;
  readonly only: ReadonlySet<string> | undefined;
  readonly traceLength: number;
}

/** A simulated world: hosts, and the network between them. */
export class World {
  /** The seed of this run. */
  readonly seed: number | string;
  readonly #run: Run;

  /** @internal */
  constructor(run: Run, seed: number | string) {
    this.#run = run;
    this.seed = seed;
  }

  /**
   * Starts a host, which runs `main` on its own loop.
   *
   * Sockets created by `main` belong to the host. `getaddrinfo()` resolves the names of hosts, so
   * `openConnection('db', 5432)` works. When `main` returns, its remaining tasks are cancelled, as by `run()`. If it
   * throws, the simulation fails.
   *
   * @param name - its host name
   * @param main - its program; called again after a restart
   * @throws {TypeError} when `name` is not a string, or `main` not a function
   * @throws {RuntimeError} when there is a host of that name or address
   */
  host(name: string, main: HostMain, options: HostOptions = {}): SimulatedHost {
    checkOptions(options, 'address address6 skew drift descriptors');
    if (typeof name !== 'string' || name === '')
      throw typeError(`the name of a host must be a string, got ${brief(name)}`);
    checkFunction(main, 'main');
    return this.#run.addHost(name, main, options);
  }

  /** The hosts, in the order of their creation. */
  get hosts(): readonly SimulatedHost[] {
    return [...this.#run.hosts.values()];
  }

  /** Seconds since the start of the simulation. */
  time(): number {
    return this.#run.scheduler.now;
  }

  /** A random number from 0 to 1 (exclusive), determined by the seed. */
  random(): number {
    return this.#run.random.next();
  }

  /**
   * Partitions two hosts. All packets between them are lost. Streams send theirs again after the partition, and give up
   * after 924 seconds.
   *
   * @param options - `oneWay`: only from `a` to `b`
   */
  partition(
    a: HostLike,
    b: HostLike,
    options: { readonly oneWay?: boolean | undefined } = {},
  ): void {
    checkOptions(options, 'oneWay');
    this.#run.part(a, b, undefined, options.oneWay);
  }

  /** Ends the partition between two hosts; without arguments, all partitions. */
  heal(a?: HostLike, b?: HostLike): void {
    if (a === undefined || b === undefined) this.#run.healAll();
    else this.#run.heal(a, b);
  }

  /** Holds back all packets between two hosts; none is lost. */
  hold(a: HostLike, b: HostLike): void {
    this.#run.hold(a, b, true);
  }

  /** Delivers the packets held back by {@link hold}. */
  release(a: HostLike, b: HostLike): void {
    this.#run.hold(a, b, false);
  }

  /** Sets the properties of the link between two hosts, in both directions. */
  link(a: HostLike, b: HostLike, options: LinkOptions): void {
    checkOptions(options, 'latency bandwidth loss duplicate');
    for (const path of this.#run.paths(a, b)) path.link = { ...path.link, ...options };
  }

  /** Resets all connections between two hosts. Both sides get ECONNRESET. */
  reset(a: HostLike, b: HostLike): void {
    this.#run.resetBetween(a, b);
  }

  /**
   * Sets what `getaddrinfo()` finds for a name, on all hosts.
   *
   * @param to - addresses, in this order, or an error code such as `'EAI_AGAIN'`; by default, the host with that name
   * @throws {TypeError} when `name` is an address, or `to` is neither
   */
  resolve(name: string, to?: string | readonly string[]): void {
    this.#run.resolve(name, to);
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.#run.note(text);
  }

  /**
   * Checks an invariant after each step, until the simulation ends.
   *
   * @param check - the simulation fails if it returns `false`, or throws
   */
  always(check: () => unknown, name: string = check.name || 'always'): void {
    checkFunction(check, 'check');
    this.#run.always(check, name);
  }

  /**
   * Waits until a condition is true.
   *
   * @param within - the time in seconds after which the simulation fails; by default 60
   */
  async eventually(
    check: () => boolean,
    within: number = 60,
    name: string = check.name || 'eventually',
  ): Promise<void> {
    checkFunction(check, 'check');
    checkSeconds(within, 'within');
    await this.#run.eventually(check, within, name);
  }

  /**
   * Records the operations of clients on objects such as registers or queues. At the end, the simulation fails if what
   * they saw is not linearizable: see {@link checkLinearizable}.
   *
   * @param model - how such an object behaves, such as {@link register} or {@link queue}
   */
  history<State, Call>(model: SequentialModel<State, Call>): History<Call> {
    return this.#run.history(model);
  }

  /** Waits until a host's program has ended, or the host has crashed. */
  async ended(host: HostLike): Promise<void> {
    const found = this.#run.find(host);
    await this.#run.eventually(
      () => found.state !== 'up',
      Number.POSITIVE_INFINITY,
      `the end of ${found.name}`,
    );
  }

  /** The last `count` entries of the trace, by default 40, as a sequence diagram. */
  trace(count?: number): string {
    return this.#run.trace.toString(count);
  }
}

/**
 * Returns an address as systems print it.
 *
 * @throws {TypeError} when it is not an address, or one of another version
 */
function checkIp(address: unknown, what: string, version?: 4 | 6): string {
  const host = typeof address === 'string' ? numericHost(AF_UNSPEC, address)?.host : undefined;
  if (host !== undefined && net().isIP(host) === (version ?? net().isIP(host))) return host;
  throw typeError(
    `${what} must be an IP${version ? `v${version}` : ''} address, got ${brief(address)}`,
  );
}

/** One run of a simulation: one seed. */
export class Run {
  readonly hosts: Map<string, SimulatedHost> = new Map();
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly network: Network;
  readonly world: World;
  /** The clock of the simulation's own program. */
  readonly clock: Clock;
  /** The first failure. */
  failure:
    | {
        readonly error: unknown;
        readonly what: string;
        readonly trace: string;
        readonly _entries: readonly TraceEntry[];
      }
    | undefined;
  readonly #kernels = new WeakMap<LoopCore, SimulatedKernel>();
  readonly #own = new Map<SimulatedHost, SimulatedKernel>();
  readonly #rootKernel: SimulatedKernel;
  readonly #seed: number | string;
  readonly #checks: { readonly check: () => unknown; readonly name: string }[] = [];
  readonly #histories: (() => Promise<void>)[] = [];
  #waiters: { readonly check: () => boolean; readonly done: Future<void> }[] = [];
  #fail: () => void = () => {};
  /** Describes what Node waits for. */
  readonly realWaits: (tasks: string) => string = watchRealWaits();
  /** Fails, and says where each task waits. */
  late: (message: string, what: string) => void = () => {};

  constructor({ seed, weights, only, traceLength }: RunSettings) {
    this.#seed = seed;
    this.random = new Random(`${seed}`);
    this.scheduler = new Scheduler(new Random(`${seed}/schedule`));
    this.trace = new Trace(this.scheduler, traceLength);
    this.faults = new Faults(weights, `${seed}`, this.trace, only);
    this.network = new Network(
      this.scheduler,
      new Random(`${seed}/network`),
      this.faults,
      this.trace,
    );
    this.world = new World(this, seed);
    this.clock = this.#newClock('world', {});
    this.#rootKernel = new SimulatedKernel(this.network, 'world', '10.255.255.254', 1_000_000);
    setSimulatedSystem(() => {
      const loop = runningLoop();
      return loop === undefined ? this.#rootKernel : (this.#kernels.get(loop) ?? this.#rootKernel);
    });
    setSeveralLoops(true);
    this.scheduler.afterStep = () => this.#afterStep();
    new Chaos(this, `${seed}`).start();
  }

  #newClock(name: string, { skew, drift }: HostOptions): Clock {
    const random = new Random(`${this.#seed}/clock/${name}`);
    const { weights } = this.faults;
    const drawn = [random.between(-1, 1), random.between(-1, 1)] as const;
    const isRoot = name === 'world';
    return new Clock(
      this.scheduler,
      random,
      drift ?? (isRoot ? 0 : drawn[0] * weights.drift),
      skew ?? (isRoot ? 0 : drawn[1] * weights.skew),
    );
  }

  addHost(name: string, main: HostMain, options: HostOptions): SimulatedHost {
    const { address = this.network.newAddress(), address6, descriptors = 1024 } = options;
    const own = checkIp(address, 'address', 4);
    const own6 = address6 === undefined ? undefined : checkIp(address6, 'address6', 6);
    if (options.skew !== undefined) checkFiniteSeconds(options.skew, 'skew');
    if (options.drift !== undefined) checkFiniteSeconds(options.drift, 'drift');
    if (this.hosts.has(name) || name === 'world')
      throw new RuntimeError(`there is already a host called ${brief(name)}`);
    for (const each of [own, own6])
      if (each !== undefined && this.network.kernelAt(each, this.#rootKernel) !== undefined)
        throw new RuntimeError(`there is already a host with the address ${each}`);
    const kernel = new SimulatedKernel(this.network, name, own, descriptors, own6);
    const made = new SimulatedHost({
      kernel,
      main,
      newClock: () => this.#newClock(name, options),
      started: (loop) => this.#kernels.set(loop, kernel),
      failed: (host, error) => this.fail(error, `${host.name} failed`),
      reported: (host, context) => this.reported(context, host),
      changed: () => this.#look(),
    });
    this.hosts.set(name, made);
    this.#own.set(made, kernel);
    made.restart();
    return made;
  }

  /** Something was reported to the exception handler of a host's loop, or of the simulation's own. */
  reported(context: ExceptionContext, host?: SimulatedHost): void {
    // A server that could not accept tries again.
    if (this.faults.weights.descriptors > 0 && isShortage(context.exception)) {
      this.note(`${context.message}`);
      return;
    }
    this.fail(
      context.exception ?? new Error(context.message),
      `${host === undefined ? '' : `${host.name} `}reported: ${context.message}`,
    );
  }

  /** Adds the name of the host that is running, if any. */
  named(what: string): string {
    const host = this.#running()?.hostname;
    return host === undefined ? what : `${host}: ${what}`;
  }

  /** Ends the run, with the first failure. */
  fail(error: unknown, what: string): void {
    if (this.failure !== undefined) return;
    this.trace.fault(what);
    this.failure = { error, what, trace: this.trace.toString(), _entries: this.trace.entries() };
    this.#fail();
  }

  /** Sets what is called at the first failure. */
  onFailure(fail: () => void): void {
    this.#fail = fail;
  }

  find(host: HostLike): SimulatedHost {
    const found = typeof host === 'string' ? this.hosts.get(host) : host;
    if (found === undefined || !this.#own.has(found))
      throw rangeError(`there is no host called ${brief(host)}`);
    return found;
  }

  kernelOf(host: HostLike): SimulatedKernel {
    if (host === 'world') return this.#rootKernel;
    return this.#own.get(this.find(host)) as SimulatedKernel;
  }

  resolve(name: string, to: string | readonly string[] | undefined): void {
    if (typeof name !== 'string' || numericHost(AF_UNSPEC, name) !== undefined)
      throw typeError(`name must be the name of a host, got ${brief(name)}`);
    const isCode = typeof to === 'string' && osError(to) instanceof gaierror;
    if (to === undefined) this.network.names.delete(asKey(name));
    else
      this.network.names.set(
        asKey(name),
        isCode ? to : [to].flat().map((each) => checkIp(each, 'to')),
      );
    this.trace.noted(undefined, `${name} resolves to ${[to ?? 'its host'].flat().join(', ')}`);
  }

  /** The paths between two hosts, in both directions. */
  paths(a: HostLike, b: HostLike): [Path, Path] {
    const [one, other] = [this.kernelOf(a), this.kernelOf(b)];
    return [this.network.path(one, other), this.network.path(other, one)];
  }

  /** @param by - identifies a partition that ends by itself; `undefined` for those of the program */
  part(a: HostLike, b: HostLike, by: object | undefined, oneWay = false): void {
    this.#change(a, b, oneWay ? '→' : '↔', 'partition', (path) => path.partitions.add(by));
  }

  /** @param by - the partition to end; by default all */
  heal(a: HostLike, b: HostLike, by?: object): void {
    this.#change(a, b, '↔', 'heal', ({ partitions }) =>
      by === undefined ? partitions.clear() : partitions.delete(by),
    );
  }

  hold(a: HostLike, b: HostLike, held: boolean): void {
    this.#change(a, b, '↔', held ? 'hold' : 'release', (path) => {
      path.held = held;
    });
  }

  #change(
    a: HostLike,
    b: HostLike,
    arrow: '→' | '↔',
    what: string,
    change: (path: Path) => void,
  ): void {
    const paths = this.paths(a, b);
    const [{ from, to }] = paths;
    this.trace.noted(undefined, `${what} ${from.hostname} ${arrow} ${to.hostname}`);
    for (const path of arrow === '→' ? paths.slice(0, 1) : paths) this.network.change(path, change);
  }

  /** @param atOnce - streams do not wait for their next attempt, which may be two minutes away */
  healAll(atOnce = false): void {
    const kernels = [...this.network.kernels.values()];
    if (atOnce) for (const kernel of kernels) kernel.down = false;
    for (const one of kernels)
      for (const other of kernels) {
        const path = this.network.path(one, other);
        this.network.change(path, () => {
          path.partitions.clear();
          path.held = false;
        });
        if (atOnce) this.network.opened(path, true);
      }
  }

  resetBetween(a: HostLike, b: HostLike): void {
    const [one, other] = [this.kernelOf(a), this.kernelOf(b)];
    for (const stream of one.openStreams()) if (stream.peerKernel === other) stream.cut();
  }

  note(text: string): void {
    this.trace.noted(this.#running(), `${text}`);
  }

  /** The host whose program runs. */
  #running(): SimulatedKernel | undefined {
    const loop = runningLoop();
    return loop && this.#kernels.get(loop);
  }

  history<State, Call>(model: SequentialModel<State, Call>): History<Call> {
    const made = new History<Call>(
      () => this.scheduler.now,
      () => this.#running()?.hostname,
    );
    this.#histories.push(() => checkLinearizable(made.operations, model));
    return made;
  }

  always(check: () => unknown, name: string): void {
    this.#checks.push({ check, name });
  }

  async eventually(check: () => boolean, within: number, name: string): Promise<void> {
    if (check()) return;
    const done = new Eventually(name);
    this.#waiters.push({ check, done });
    const limit =
      within === Number.POSITIVE_INFINITY
        ? undefined
        : this.scheduler.in(within, () => {
            if (!done.done()) this.late(`${name} did not hold within ${within} s`, 'eventually');
          });
    try {
      await done;
    } finally {
      if (limit !== undefined) this.scheduler.cancel(limit);
    }
  }

  #afterStep(): void {
    for (const { check, name } of this.#checks) {
      try {
        if (check() === false) throw new InvalidStateError(`${name} does not hold`);
      } catch (error) {
        this.fail(error, `always: ${name}`);
      }
    }
    this.#look();
  }

  /** Wakes the waiters whose condition now holds. */
  #look(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter(({ check, done }) => {
      if (done.done()) return false;
      if (!check()) return true;
      done.setResult();
      return false;
    });
  }

  /** The program is over: no more faults, and all hosts end. */
  async end(): Promise<void> {
    this.faults.on = false;
    this.#checks.length = 0;
    if (this.failure !== undefined) {
      this.#crashAll();
      return;
    }
    this.healAll(true);
    const up = (): SimulatedHost[] =>
      [...this.hosts.values()].filter(({ state }) => state === 'up');
    for (const host of up()) host.stop();
    if (up().length > 0) await this.eventually(() => up().length === 0, 60, 'the end of all hosts');
  }

  /** Called after the hosts have ended: was what their clients saw linearizable? */
  async checkHistories(): Promise<void> {
    try {
      for (const check of this.#histories) if (this.failure === undefined) await check();
    } catch (error) {
      this.fail(error, 'history');
    }
  }

  /** Ends everything at once. */
  close(): void {
    this.scheduler.stop();
    this.#crashAll();
    setSimulatedSystem(undefined);
    setSeveralLoops(false);
    setRunningLoop(undefined);
  }

  #crashAll(): void {
    for (const host of this.hosts.values()) host.crash();
  }
}
