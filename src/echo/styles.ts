import { serveEchoOnProtocols } from './echo-protocol.ts';
import { serveEcho } from './echo-sock.ts';
import { serveEchoOnStreams } from './echo-streams.ts';

/** The name of a manner. */
export type Manner = 'sock' | 'streams' | 'protocol';

/** Three ways to write the same server. */
export const MANNERS: Readonly<Record<Manner, typeof serveEcho>> = {
  sock: serveEcho,
  streams: serveEchoOnStreams,
  protocol: serveEchoOnProtocols,
};
