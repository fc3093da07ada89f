/** What a server is loaded with; {@link nameOf} gives its name. */
export type Load = EchoLoad | AcceptLoad | IdleLoad;

/** Connections with one message each under way: the next goes out when the last has come back. */
export interface EchoLoad {
  readonly kind: 'echo';
  readonly connections: number;
  /** Bytes of a message. */
  readonly size: number;
}

/** Clients that connect, have one message sent back, and close; then others come. */
export interface AcceptLoad {
  readonly kind: 'accept';
}

/** Connections that do nothing, and one beside them that is active. */
export interface IdleLoad {
  readonly kind: 'idle';
  readonly connections: number;
}

/** A load, and whom it is for: what the client is sent. */
export interface LoadOrder {
  readonly load: Load;
  readonly port: number;
  /** The server's process, whose processor time and memory are read. */
  readonly pid: number;
  /** Seconds of load before the measured ones. */
  readonly warmUp: number;
  /** Seconds that are measured. */
  readonly seconds: number;
}

/** What came of a load. */
export interface LoadResult {
  /** Messages that came back while it was measured; with `accept`, as many connections. */
  readonly messages: number;
  /** The time that was measured, in seconds. */
  readonly seconds: number;
  /** The server's processor time in that time, in seconds. */
  readonly serverCpu: number;
  /** The client's own, in seconds: near to `seconds`, it is the client that is measured. */
  readonly clientCpu: number;
  /** What all else used meanwhile, in processors: 0.5 is half of one; NaN where that is not known. */
  readonly others: number;
  /** The latency that half of the messages did not exceed, in seconds. */
  readonly p50: number;
  /** The latency that 99 of 100 messages did not exceed, in seconds. */
  readonly p99: number;
  /** What the server's memory grew by for each idle connection, in bytes; only with `idle`. */
  readonly idleBytes?: number;
}

/** How the client may reach the servers; `epoll` needs Linux and koffi. */
export type WireName = 'epoll' | 'net';

/** What the client answers. */
export type LoadAnswer =
  | { readonly ready: WireName }
  | { readonly result: LoadResult }
  | { readonly failure: string };

/** The load as --loads has it: `100x1000`, `accept` or `idle`. */
export function nameOf(load: Load): string {
  return load.kind === 'echo' ? `${load.connections}x${load.size}` : load.kind;
}

/** The load in words. */
export function describe(load: Load): string {
  if (load.kind === 'accept') return 'connect, 1,000 bytes, close';
  const connections = load.connections.toLocaleString('en-US');
  if (load.kind === 'idle') return `1 connection among ${connections} idle`;
  const plural = load.connections === 1 ? 'connection' : 'connections';
  return `${connections} ${plural}, ${load.size.toLocaleString('en-US')} bytes`;
}
