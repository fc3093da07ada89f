/** TLS clients with `node:tls`, because clients of a server under test must not use the code under test. */
import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A client whose handshake is done. By default, it trusts any server. */
export async function tlsClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends, and receives the same number of bytes. */
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
