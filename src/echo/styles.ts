import { serveEchoOnProtocols } from './echo-protocol.ts';
import { serveEcho } from './echo-sock.ts';
import { serveEchoOnStreams } from './echo-streams.ts';

/** The API that the server is written with. */
export type Style = 'sock' | 'streams' | 'protocol';

/** Three ways to write the same server. */
export const STYLES: Readonly<Record<Style, typeof serveEcho>> = {
  sock: serveEcho,
  streams: serveEchoOnStreams,
  protocol: serveEchoOnProtocols,
};
