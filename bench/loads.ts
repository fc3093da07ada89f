/** The load on a server; {@link nameOf} returns its name. */
export type Load = EchoLoad | AcceptLoad | IdleLoad;

/** Connections with one pending message each: the next is sent when the previous one has come back. */
export interface EchoLoad {
  readonly kind: 'echo';
  readonly connections: number;
  /** How many bytes a message has. */
  readonly size: number;
}

/** Clients that connect, exchange one message, and close; then others connect. */
export interface AcceptLoad {
  readonly kind: 'accept';
}

/** Idle connections, and one active one. */
export interface IdleLoad {
  readonly kind: 'idle';
  readonly connections: number;
}

/** A load and its server, as sent to the client. */
export interface LoadOrder {
  readonly load: Load;
  readonly port: number;
  /** The server's process, whose CPU time and memory are read. */
  readonly pid: number;
  /** Seconds of load before the measurement. */
  readonly warmUp: number;
  /** Seconds of the measurement. */
  readonly seconds: number;
}

/** The result of a load. */
export interface LoadResult {
  /** Messages that came back during the measurement; with `accept`, the number of connections. */
  readonly messages: number;
  /** The duration of the measurement, in seconds. */
  readonly seconds: number;
  /** The server's CPU time in this period, in seconds. */
  readonly serverCpu: number;
  /** The client's CPU time, in seconds: if it is close to `seconds`, the client is the bottleneck. */
  readonly clientCpu: number;
  /** How many CPUs other processes used meanwhile: 0.5 is half of one; NaN if unknown. */
  readonly others: number;
  /** The median latency, in seconds. */
  readonly p50: number;
  /** The 99th percentile of the latency, in seconds. */
  readonly p99: number;
  /** The growth of the server's memory per idle connection, in bytes; only with `idle`. */
  readonly idleBytes?: number;
}

/** How the client can connect to the servers; `epoll` needs Linux and koffi. */
export type WireName = 'epoll' | 'net';

/** The client's responses. */
export type LoadAnswer =
  | { readonly ready: WireName }
  | { readonly result: LoadResult }
  | { readonly failure: string };

/** The name of the load in --loads: `100x1000`, `accept` or `idle`. */
export function nameOf(load: Load): string {
  return load.kind === 'echo' ? `${load.connections}x${load.size}` : load.kind;
}

/** A description of the load. */
export function describe(load: Load): string {
  if (load.kind === 'accept') return 'connect, 1,000 bytes, close';
  const connections = load.connections.toLocaleString('en-US');
  if (load.kind === 'idle') return `1 connection among ${connections} idle`;
  const plural = load.connections === 1 ? 'connection' : 'connections';
  return `${connections} ${plural}, ${load.size.toLocaleString('en-US')} bytes`;
}
