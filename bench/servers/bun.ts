/** For comparison: Bun's callbacks. It sets TCP_NODELAY itself, and reads up to 512 KiB. */

/** The part of Bun that is used here; its own types are not installed. */
declare const Bun: {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: BunSocket): void;
      data(socket: BunSocket, data: Uint8Array): void;
      drain(socket: BunSocket): void;
    };
  }): { readonly port: number };
};

interface BunSocket {
  /** Sends what the kernel accepts, and returns how many bytes that was. */
  write(data: Uint8Array): number;
  /** What the kernel has not accepted, in order; our own property. */
  data: Uint8Array[];
}

const { port } = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = [];
    },
    data(socket, data) {
      const written = socket.data.length === 0 ? socket.write(data) : 0;
      // Bun reuses the bytes when this returns.
      if (written < data.length) socket.data.push(data.slice(written));
    },
    drain(socket) {
      for (let rest = socket.data.shift(); rest !== undefined; rest = socket.data.shift()) {
        const written = socket.write(rest);
        if (written < rest.length) {
          socket.data.unshift(rest.subarray(written));
          return;
        }
      }
    },
  },
});
console.log(`listening on ('127.0.0.1', ${port})`);
