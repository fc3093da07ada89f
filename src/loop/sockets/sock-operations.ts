import { checkBytes } from '../../base/check-types.ts';
import { OPERATIONS_PER_TURN } from '../../base/constants.ts';
import { RuntimeError } from '../../base/errors/errors.ts';
import { isShortage } from '../../base/errors/os-errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { checkWhole } from '../../base/numbers.ts';
import { brief } from '../../base/printing/repr.ts';
import type { Received } from '../../base/values/bytes.ts';
import { outside } from '../../core/context/async-context.ts';
import { finishedOperation, NativeOperation } from '../../core/futures/native-operation.ts';
import type { Operation } from '../../core/futures/operation.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { type Address, type AddressInput, checkAddress } from '../../sock/addresses/address.ts';
import { isNumericHost } from '../../sock/addresses/numeric-host.ts';
import { resolveLocally } from '../../sock/addresses/resolve.ts';
import { AF_INET, AF_INET6 } from '../../sock/constants/constants.ts';
import { EMPTY } from '../../sock/endpoint/byte-queue.ts';
import { sendMost } from '../../sock/endpoint/send-most.ts';
import { Socket } from '../../sock/socket.ts';
import { asText, portNumber } from '../../transports/addresses/host-lookup.ts';
import { transportRefusal } from '../../transports/readiness-watch.ts';
import { Accept, acceptNow } from './accept.ts';
import { Connect } from './connect.ts';
import { Receive, ReceiveInto } from './receive.ts';
import { SendAll } from './send-all.ts';
import { Attempt, checkUncut } from './sock-operation.ts';

/** What a socket connects to; a port may be text, such as the name of a service. */
export type PeerInput = AddressInput | readonly [host: string, port: string];

/** An address with its port as a number, unless that is the name of a service. */
function withNumber([host, port, ...scope]: readonly unknown[]): readonly unknown[] {
  const text = asText(port);
  return [host, typeof text === 'string' ? (portNumber(text) ?? text) : text, ...scope];
}

/** The socket methods of a loop; `Loop` documents them. */
export class SockOperations {
  readonly #loop: LoopCore;
  /** How many operations have completed without waiting since one last had to yield. */
  #unwaited = 0;
  /** The result of a completed send, shared by all. */
  readonly #sent: Operation<void>;

  constructor(loop: LoopCore) {
    this.#loop = loop;
    // Most sends complete at once.
    this.#sent = outside(finishedOperation, loop);
  }

  recv(sock: Socket, nbytes: number): Operation<Received> {
    checkWhole(nbytes, 0, Number.MAX_SAFE_INTEGER, 'nbytes');
    this.#check(sock, 'sockRecv', 'reader');
    if (nbytes === 0) return this.#done(EMPTY as Received);
    if (this.#mustYield()) return new Receive(this.#loop, sock, nbytes).waitTurn();
    try {
      const data = sock._endpoint.tryRecv(nbytes);
      if (data === undefined) return new Receive(this.#loop, sock, nbytes).wait();
      return this.#done(data as Received);
    } catch (error) {
      return this.#failed(error);
    }
  }

  recvInto(sock: Socket, buffer: Uint8Array): Operation<number> {
    checkBytes(buffer, 'buffer');
    this.#check(sock, 'sockRecvInto', 'reader');
    if (buffer.length === 0) return this.#done(0);
    if (this.#mustYield()) return new ReceiveInto(this.#loop, sock, buffer).waitTurn();
    try {
      const received = sock._endpoint.tryRecvInto(buffer);
      if (received < 0) return new ReceiveInto(this.#loop, sock, buffer).wait();
      return this.#done(received);
    } catch (error) {
      return this.#failed(error);
    }
  }

  recvfrom(sock: Socket, bufsize: number): Operation<[Received, Address]> {
    checkWhole(bufsize, 0, Number.MAX_SAFE_INTEGER, 'bufsize');
    return this.#start(sock, 'sockRecvfrom', 'reader', () => {
      const received = sock._endpoint.tryRecvfrom(bufsize);
      return received && { value: [received.data as Received, received.address] };
    });
  }

  recvfromInto(sock: Socket, buffer: Uint8Array, nbytes: number): Operation<[number, Address]> {
    checkBytes(buffer, 'buffer');
    checkWhole(nbytes, 0, buffer.length, 'nbytes');
    const view = nbytes === 0 ? buffer : buffer.subarray(0, nbytes);
    const { length } = view;
    return this.#start(sock, 'sockRecvfromInto', 'reader', () => {
      checkUncut(view, length, 'buffer');
      const received = sock._endpoint.tryRecvfromInto(view);
      return received && { value: [received.nbytes, received.address] };
    });
  }

  sendall(sock: Socket, data: Uint8Array): Operation<void> {
    checkBytes(data, 'data');
    this.#check(sock, 'sockSendall', 'writer');
    if (this.#mustYield()) return new SendAll(this.#loop, sock, data, 0).waitTurn();
    try {
      const endpoint = sock._endpoint;
      // Nothing waits, so what a cancelled operation remembered may be outdated.
      endpoint.resetReadiness('writer');
      const sent = sendMost(endpoint, data, 0);
      if (sent === data.length) return this.#sent;
      return new SendAll(this.#loop, sock, data, sent).wait();
    } catch (error) {
      return this.#failed(error);
    }
  }

  sendto(sock: Socket, data: Uint8Array, address: AddressInput): Operation<number> {
    checkBytes(data, 'data');
    checkSocket(sock, 'sockSendto');
    const to = resolveLocally(sock.family, checkAddress(sock.family, address, 'sockSendto'));
    const { length } = data;
    sock._endpoint.resetReadiness('writer');
    return this.#start(sock, 'sockSendto', 'writer', () => {
      checkUncut(data, length, 'data');
      const value = sock._endpoint.trySendto(data, to);
      return value < 0 ? undefined : { value };
    });
  }

  connect(sock: Socket, address: PeerInput): Operation<void> {
    this.#check(sock, 'sockConnect', 'writer');
    const { family } = sock;
    const hasPort = Array.isArray(address) && (family === AF_INET || family === AF_INET6);
    const given = hasPort ? withNumber(address) : address;
    if (hasPort && typeof given[1] === 'string')
      return new Connect(this.#loop, sock).beginWithName(given as [string, string]);
    const to = checkAddress(family, given, 'sockConnect');
    const connect = new Connect(this.#loop, sock);
    return hasPort && !isNumericHost(family, to[0] as string)
      ? connect.beginWithName(to as [string, number])
      : connect.begin(resolveLocally(family, to));
  }

  accept(sock: Socket): Operation<[Socket, Address]> {
    this.#check(sock, 'sockAccept', 'reader');
    if (this.#mustYield()) return new Accept(this.#loop, sock).waitTurn();
    try {
      const accepted = acceptNow(sock._endpoint);
      return accepted === undefined ? new Accept(this.#loop, sock).wait() : this.#done(accepted);
    } catch (error) {
      if (!isShortage(error)) return this.#failed(error);
      const accept = new Accept(this.#loop, sock).wait();
      accept.rest(error);
      return accept;
    }
  }

  #start<T>(
    sock: Socket,
    method: string,
    side: 'reader' | 'writer',
    attempt: () => { readonly value: T } | undefined,
  ): Operation<T> {
    this.#check(sock, method, side);
    if (this.#mustYield()) return new Attempt(this.#loop, sock, method, side, attempt).waitTurn();
    try {
      const outcome = attempt();
      if (outcome === undefined) return new Attempt(this.#loop, sock, method, side, attempt).wait();
      return this.#done(outcome.value);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** One in many operations that complete at once first lets others have a turn. */
  #mustYield(): boolean {
    this.#unwaited += 1;
    if (this.#unwaited < OPERATIONS_PER_TURN) return false;
    this.#unwaited = 0;
    return true;
  }

  #done<T>(value: T): Operation<T> {
    const operation = new NativeOperation<T>(this.#loop);
    operation._finish(value);
    return operation;
  }

  #failed<T>(error: unknown): Operation<T> {
    const operation = new NativeOperation<T>(this.#loop);
    operation._fail(error);
    return operation;
  }

  #check(sock: Socket, method: string, side: 'reader' | 'writer'): void {
    checkSocket(sock, method);
    if (this.#loop.isClosed()) throw new RuntimeError('Event loop is closed');
    if (this.#loop.getDebug() && sock.gettimeout() !== 0)
      throw rangeError('the socket must be non-blocking');
    const { reader, writer } = sock._endpoint;
    const waiting = side === 'reader' ? reader : writer;
    if (waiting !== undefined)
      throw (
        transportRefusal(sock, waiting) ??
        new RuntimeError(
          `${method}(): another operation is already ${side === 'reader' ? 'receiving or accepting' : 'sending or connecting'} on ${sock}`,
        )
      );
  }
}

function checkSocket(sock: unknown, method: string): void {
  if (!(sock instanceof Socket))
    throw typeError(`${method}(): sock must be a Socket, got ${brief(sock)}`);
}
