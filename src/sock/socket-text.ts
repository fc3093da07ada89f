import { type Address, addressText } from './addresses/address.ts';
import type { Endpoint } from './endpoint/endpoint.ts';

/** Prints a socket like CPython. */
export function socketText(endpoint: Endpoint, closed: boolean): string {
  const { family, type, proto } = endpoint;
  const fd = closed ? -1 : endpoint.fileno();
  let text = `<socket.socket${closed ? ' [closed]' : ''} fd=${fd}, family=${family}, type=${type}, proto=${proto}`;
  if (!closed) {
    const own = nameOrNone(() => endpoint.getsockname());
    const peer = nameOrNone(() => endpoint.getpeername());
    // Python omits an empty path.
    if (own) text += `, laddr=${addressText(own)}`;
    if (peer) text += `, raddr=${addressText(peer)}`;
  }
  return `${text}>`;
}

export function nameOrNone(ask: () => Address): Address | undefined {
  try {
    return ask();
  } catch {
    // There is none: ENOTCONN.
    return undefined;
  }
}
