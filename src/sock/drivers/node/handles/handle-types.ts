// The handles underneath Node's streams and sockets; node-handles.ts finds their classes.

/** The base of the handles of streams and listeners. */
export interface StreamHandle {
  /** The descriptor; -1 if there is none yet. Missing on Windows. */
  readonly fd?: number;
  /** Written bytes that the kernel has not taken. */
  readonly writeQueueSize: number;
  onconnection: ((status: number, client: StreamHandle | undefined) => void) | undefined;
  bind(address: string, port?: number, flags?: number): number;
  listen(backlog: number): number;
  readStart(): number;
  readStop(): number;
  shutdown(request: StatusRequest): number;
  writeBuffer(request: StatusRequest | null, data: Uint8Array): number | StatusRequest;
  unref(): void;
  ref(): void;
  close(closed?: () => void): void;
}

/** A TCP socket. */
export interface TcpHandle extends StreamHandle {
  bind6(address: string, port: number, flags: number): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  getsockname(out: HandleAddress): number;
  getpeername(out: HandleAddress): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, delaySeconds: number): number;
  /** Closes with a reset. */
  reset(closed?: () => void): number;
}

/** An AF_UNIX socket, or a named pipe. */
export interface PipeHandle extends StreamHandle {
  /** Returns nothing on Node 20, where the request reports failures. */
  connect(request: ConnectRequest, path: string): number | undefined;
  /** Takes ownership of a descriptor. */
  open(fd: number): number | undefined;
}

/** A UDP socket. */
export interface UdpHandle {
  readonly fd?: number;
  onmessage:
    | ((nread: number, handle: UdpHandle, data: Buffer | undefined, from: HandleAddress) => void)
    | undefined;
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  connect(address: string, port: number): number;
  connect6(address: string, port: number): number;
  disconnect(): number;
  /**
   * Returns the bytes sent plus 1; 0 if they have to wait, and the request reports the outcome; or
   * a negative errno.
   */
  send(request: SendRequest, list: Uint8Array[], count: number, ...rest: unknown[]): number;
  send6(request: SendRequest, list: Uint8Array[], count: number, ...rest: unknown[]): number;
  recvStart(): number;
  recvStop(): number;
  getsockname(out: HandleAddress): number;
  getpeername(out: HandleAddress): number;
  setBroadcast(on: number): number;
  setTTL(hops: number): number;
  setMulticastTTL(hops: number): number;
  setMulticastLoopback(on: number): number;
  addMembership(group: string, through?: string): number;
  dropMembership(group: string, through?: string): number;
  bufferSize(size: number, receive: boolean, context: object): number | undefined;
  unref(): void;
  close(closed?: () => void): void;
}

/** What getsockname() and getpeername() fill in. */
export interface HandleAddress {
  address?: string;
  port?: number;
  family?: string;
}

/** A pending write or shutdown. */
export interface StatusRequest {
  oncomplete: ((this: StatusRequest, status: number) => void) | undefined;
  /** Node 26: the outcome, if it came before `oncomplete` could be set. */
  writeStatus?: number | null;
  /** Never read: keeps the bytes that libuv still has to send from being collected. */
  buffer?: Uint8Array;
  getAsyncId(): number;
}

/** A pending connect. */
export interface ConnectRequest {
  oncomplete: ((status: number) => void) | undefined;
}

/** A pending datagram. */
export interface SendRequest {
  /** Never read: keeps the bytes that libuv still has to send from being collected. */
  list?: Uint8Array[];
  oncomplete: ((status: number, bytes: number) => void) | undefined;
}

/** The classes behind streams. */
export interface StreamClasses {
  readonly tcp: new (kind: number) => TcpHandle;
  readonly pipe: new (kind: number) => PipeHandle;
  readonly tcpConnect: new () => ConnectRequest;
  readonly pipeConnect: new () => ConnectRequest;
  readonly shutdown: new () => StatusRequest;
  /** `undefined` from Node 26 on, where a handle creates the request itself when needed. */
  readonly write: (new () => StatusRequest) | undefined;
}

/** The classes behind datagrams. */
export interface DatagramClasses {
  readonly udp: new () => UdpHandle;
  readonly send: new () => SendRequest;
}

/** Receives what `readHandle()` reads. */
export interface StreamReaderOwner {
  /**
   * The first `nread` bytes of `buffer` are valid until this returns. Returning `false` stops
   * reading.
   */
  onBytes(nread: number, buffer: Buffer): boolean;
  onEnd(): void;
  onReadError(error: Error): void;
}
