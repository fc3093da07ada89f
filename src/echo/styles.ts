import { serveEchoOnProtocols } from './echo-protocol.ts';
import { serveEcho } from './echo-sock.ts';
import { serveEchoOnStreams } from './echo-streams.ts';

/** How the server is written. */
export type Style = 'sock' | 'streams' | 'protocol';

/** Three ways to write the same server. */
export const STYLES: Readonly<Record<Style, typeof serveEcho>> = {
  sock: serveEcho,
  streams: serveEchoOnStreams,
  protocol: serveEchoOnProtocols,
};
