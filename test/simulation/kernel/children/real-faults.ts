/**
 * The cases of faults on real sockets of the posix driver, in a network namespace of this process alone:
 * `unshare -rn node real-faults.js`. Prints what each case sees, as JSON.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { run, wrapPromise } from '../../../../src/index.ts';
import type { Socket } from '../../../../src/socket.ts';
import * as socket from '../../../../src/socket.ts';
import { FAULTS } from '../fault-cases.ts';
import { FAMILIES, FaultPlay, IPV4, IPV6 } from '../fault-play.ts';
import { servePeer } from '../peer.ts';
import { withFamily } from '../play.ts';

/** Options of Linux: milliseconds until a connection gives up; a socket whose system says nothing. */
const TCP_USER_TIMEOUT = 18;
const TCP_REPAIR = 19;

/** Until a connection gives up, in milliseconds. */
const SOON = 300;

function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

class RealFaults extends FaultPlay {
  override readonly flood: number = 32 * 1024 * 1024;
  #peer: ChildProcess | undefined;
  #isParted = false;

  constructor(family: number) {
    super('posix', family);
  }

  override async toPeer(): Promise<Socket> {
    const { execPath, execArgv } = process;
    this.#peer = spawn(execPath, [...execArgv, fileURLToPath(import.meta.url), 'peer'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await wrapPromise(once(this.#peer, 'message'));
    return await super.toPeer();
  }

  protected override async atServer<T>(make: () => T): Promise<T> {
    return make();
  }

  override part(): void {
    execFileSync('tc', ['qdisc', 'add', 'dev', 'lo', 'root', 'blackhole']);
    this.#isParted = true;
  }

  override heal(): void {
    if (this.#isParted) execFileSync('tc', ['qdisc', 'del', 'dev', 'lo', 'root']);
    this.#isParted = false;
  }

  override giveUpSoon(sock: Socket): void {
    sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, SOON);
  }

  override async loseConnections(...all: Socket[]): Promise<void> {
    for (const sock of all) {
      sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1);
      sock.close();
    }
  }

  override freeze(): void {
    this.#peer?.kill('SIGSTOP');
  }

  override async thaw(): Promise<void> {
    this.#peer?.kill('SIGCONT');
  }

  override async kill(): Promise<void> {
    const ended = once(this.#peer as ChildProcess, 'exit');
    this.#peer?.kill('SIGKILL');
    await wrapPromise(ended);
  }

  override close(): void {
    super.close();
    this.heal();
    this.#peer?.kill('SIGKILL');
  }
}

async function main(): Promise<void> {
  ip('link set lo up');
  for (const address of [IPV4.client, IPV4.server]) ip(`address add ${address}/32 dev lo`);
  for (const address of [IPV6.client, IPV6.server]) ip(`address add ${address}/128 dev lo nodad`);
  // A network in which nobody else is.
  ip('link add near type veth peer name far');
  ip('address add 10.0.0.1/16 dev near');
  ip('address add fd00::1/64 dev near nodad');
  for (const device of ['near', 'far']) ip(`link set ${device} up`);
  const seen: Record<string, readonly string[]> = {};
  for (const family of FAMILIES)
    for (const [name, play] of FAULTS) {
      const made = new RealFaults(family);
      await run(async () => {
        await play(made);
        made.close();
      });
      seen[`${name}${withFamily(family)}`] = made.seen;
    }
  console.log(JSON.stringify(seen));
}

if (process.argv[2] === 'peer')
  await run(async () => await servePeer(() => void process.send?.('ready')));
else await main();
