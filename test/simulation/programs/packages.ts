/** Clients that others wrote, on sockets of ours. */
import nodeHttp from 'node:http';
import { AbstractConnector, Redis } from 'ioredis';
import pg from 'pg';
import { WebSocket, WebSocketServer } from 'ws';
import { serveResp } from '../../../examples/resp/server.ts';
import * as asyncio from '../../../src/index.ts';
import { AUTHENTICATED, READY, row } from '../../support/postgres-messages.ts';
import { check, dial, type Program, serveSockets, settled } from './program.ts';

class Connector extends AbstractConnector {
  constructor() {
    super(1000);
  }

  override async connect() {
    this.connecting = true;
    this.stream = await dial(6379);
    return this.stream;
  }
}

/** ioredis, with the example of a server of its protocol. */
export const ioredis: Program = {
  serve: async () => {
    await using server = await serveResp('0.0.0.0', 6379);
    await server.serveForever();
  },
  use: async (round) => {
    const redis = new Redis({
      Connector: Connector as never,
      maxRetriesPerRequest: 3,
      commandTimeout: 5000,
      connectTimeout: 5000,
      retryStrategy: () => 300,
      // It would read a file, the first time.
      disableClientInfo: true,
    });
    redis.on('error', () => {});
    try {
      for (let n = 0; n < 5; n += 1) {
        // A key for each: a command that was given up may still arrive, and set an old value.
        const value = `${round}.${n}`;
        await settled(redis.set(value, value));
        const got = await settled(redis.get(value));
        // The server forgets what it has when it crashes.
        check(got === value || got === null, `set ${value}, got ${got}`);
      }
    } finally {
      redis.disconnect();
    }
  },
};

/** pg, with a server that answers each query with the number in it. */
export const postgres: Program = {
  serve: async () => {
    await using server = await asyncio.startServer(
      async (reader, writer) => {
        try {
          await reader.readexactly((await reader.readexactly(4)).readInt32BE() - 4);
          writer.write(Buffer.concat([AUTHENTICATED, READY]));
          for (;;) {
            const head = await reader.readexactly(5);
            const body = await reader.readexactly(head.readInt32BE(1) - 4);
            if (head[0] !== 'Q'.charCodeAt(0)) break;
            writer.write(Buffer.concat([row(`${body}`.replace(/\D/g, '')), READY]));
            await writer.drain();
          }
        } catch (error) {
          const isEnd =
            error instanceof asyncio.ConnectionError ||
            error instanceof asyncio.IncompleteReadError;
          if (!isEnd) throw error;
        } finally {
          writer.close();
        }
      },
      '0.0.0.0',
      5432,
    );
    await server.serveForever();
  },
  use: async (round) => {
    const socket = await dial(5432);
    const client = new pg.Client({ stream: () => socket, user: 'me', query_timeout: 5000 });
    client.on('error', () => {});
    try {
      await settled(client.connect());
      for (let n = 0; n < 5; n += 1) {
        const { rows } = await settled(client.query(`SELECT ${round}${n} AS answer`));
        check(rows[0].answer === `${round}${n}`, `asked for ${round}${n}, got ${rows[0].answer}`);
      }
      await settled(client.end());
    } finally {
      socket.destroy();
    }
  },
};

/** ws, on a server of node:http: messages that are sent back. */
export const websocket: Program = {
  serve: async () => {
    const sockets = new WebSocketServer({ noServer: true });
    sockets.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (data) => socket.send(data));
    });
    const server = nodeHttp.createServer();
    server.on('upgrade', (request, stream, head) =>
      sockets.handleUpgrade(request, stream, head, (socket) =>
        sockets.emit('connection', socket, request),
      ),
    );
    await serveSockets(80, (socket) => void server.emit('connection', socket));
  },
  use: async (round) => {
    const stream = await dial(80);
    const socket = new WebSocket('ws://server/', {
      createConnection: () => stream,
      perMessageDeflate: false,
    });
    const next = (event: 'open' | 'message'): Promise<unknown> =>
      settled(
        new Promise((resolve, reject) => {
          socket.once(event, resolve);
          socket.once('error', reject);
          socket.once('close', () => reject(new Error('closed')));
        }),
      );
    try {
      await next('open');
      for (let n = 0; n < 3; n += 1) {
        const sent = `${round}.${n}`.repeat(1 + n * 5000);
        const received = next('message');
        socket.send(sent);
        const got = `${await received}`;
        check(got === sent, `sent ${sent.length}, got ${got.length}`);
      }
    } finally {
      socket.on('error', () => {});
      socket.terminate();
      stream.destroy();
    }
  },
};
