/** TLS clients on `node:tls`: what talks to a server under test must not be made of it. */
import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A client whose handshake is done; it trusts whomever it finds, unless told otherwise. */
export async function tlsClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends, and receives as much. */
export async function converse(socket: TLSSocket, data: Uint8Array | string): Promise<Buffer> {
  const wanted = Buffer.byteLength(data);
  const pieces: Buffer[] = [];
  let size = 0;
  const received = new Promise<void>((resolve, reject) => {
    const take = (piece: Buffer): void => {
      pieces.push(piece);
      size += piece.length;
      if (size >= wanted) done();
    };
    const gone = (): void => reject(new Error(`closed after ${size} of ${wanted} bytes`));
    const done = (): void => {
      socket.off('data', take).off('close', gone);
      resolve();
    };
    socket.on('data', take).once('close', gone);
  });
  socket.write(data);
  await received;
  return Buffer.concat(pieces);
}
