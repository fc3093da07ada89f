/** Clients of databases on connections of ours. */
import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import mysql from 'mysql2';
import pg from 'pg';
import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { AUTHENTICATED, READY, row } from '../../support/postgres-messages.ts';
import { rejects } from '../../support/rejects.ts';
import { called, closed, overEachDriver } from './connected.ts';

const REAL = { clock: 'real' } as const;

/** As much of PostgreSQL as one query needs. It answers no query that sleeps. */
function postgres(): Server {
  return createServer((socket) => {
    let started = false;
    socket.on('data', (data) => {
      if (!started) socket.write(Buffer.concat([AUTHENTICATED, READY]));
      else if (data[0] === 'Q'.charCodeAt(0) && !data.includes('sleep'))
        socket.write(Buffer.concat([row('42'), READY]));
      else if (data[0] === 'X'.charCodeAt(0)) socket.end();
      started = true;
    });
  });
}

overEachDriver('pg', (it, connect) => {
  it(
    'sends a query, abandons another at its limit, and ends',
    async (_loop, { expectReport }) => {
      const server = postgres();
      const socket = await connect(server);
      const client = new pg.Client({ stream: () => socket, keepAlive: true, user: 'me' });
      let error: unknown;
      client.on('error', (each) => {
        error = each;
      });
      await asyncio.wrapPromise(client.connect());

      const { rows } = await asyncio.wrapPromise(client.query('SELECT 42 AS answer'));
      assert.equal(rows, [{ answer: '42' }]);
      await rejects(
        asyncio.timeout(0.01, () => asyncio.wrapPromise(client.query('SELECT pg_sleep(60)'))),
        asyncio.TimeoutError,
      );
      assert.not(socket.destroyed);

      // Of the query that was given up.
      expectReport(/^Promise failed after its future was cancelled$/);
      socket.destroy();
      await closed(socket);
      assert.match(String(error), /Connection terminated unexpectedly/);
      server.close();
    },
    REAL,
  );

  it(
    'ends cleanly',
    async () => {
      const server = postgres();
      const socket = await connect(server);
      const client = new pg.Client({ stream: socket as never, user: 'me' });
      await asyncio.wrapPromise(client.connect());

      await asyncio.wrapPromise(client.end());

      assert.ok(socket.destroyed);
      server.close();
    },
    REAL,
  );
});

overEachDriver('mysql2', (it, connect) => {
  it(
    'does a handshake, sends a query, and ends',
    async () => {
      const mysqld = mysql.createServer(undefined as never);
      const { _server: server } = mysqld as unknown as { _server: Server };
      mysqld.on('connection', (peer) => {
        peer.serverHandshake({
          protocolVersion: 10,
          serverVersion: '8.0.0',
          connectionId: 1,
          statusFlags: 2,
          characterSet: 8,
          // No SSL, no bare results, no result without an end.
          capabilityFlags: 0xffffff ^ 0x800 ^ 0x20 ^ 0x1000000,
          authCallback: (_parameters: unknown, done: (error: null) => void) => {
            done(null);
            startCommand();
          },
        } as never);
        // The package's server leaves it to its user.
        const startCommand = (): void => void Object.assign(peer, { sequenceId: 0 });
        peer.on('error', () => {});
        peer.on('query', (query: string) => {
          peer.writeTextResult(
            [{ answer: query.length }] as never,
            [
              {
                catalog: 'def',
                schema: '',
                table: '',
                orgTable: '',
                name: 'answer',
                orgName: 'answer',
                characterSet: 63,
                columnLength: 11,
                columnType: 3,
                flags: 1,
                decimals: 0,
              },
            ] as never,
          );
          startCommand();
        });
      });
      const socket = await connect(server);
      const client = mysql.createConnection({ stream: socket, user: 'me' });

      const rows = await called((done) => client.query('SELECT 42', done as never));
      assert.equal(rows, [{ answer: 9 }]);
      client.end();
      await closed(socket);

      server.close();
    },
    REAL,
  );
});

/** As much of Redis as one command needs. */
function redis(): Server {
  return createServer((socket) => {
    socket.on('data', (data) => {
      const words = String(data).toLowerCase();
      if (words.includes('blpop')) return;
      socket.write(words.includes('quit') ? '+OK\r\n' : '$2\r\n42\r\n');
      if (words.includes('quit')) socket.end();
    });
  });
}

overEachDriver('ioredis', (it, connect) => {
  it(
    'sends a command, abandons another at its limit, and quits',
    async (_loop, { expectReport }) => {
      const server = redis();
      const socket = await connect(server);
      class Connector {
        connecting = true;
        check(): boolean {
          return true;
        }
        disconnect(): void {
          this.connecting = false;
          socket.end();
        }
        async connect(): Promise<unknown> {
          return socket;
        }
      }
      const client = new Redis({
        Connector: Connector as never,
        keepAlive: 1000,
        connectTimeout: 5000,
        enableReadyCheck: false,
        retryStrategy: () => null,
      } as never);

      assert.is(await asyncio.wrapPromise(client.get('answer')), '42');
      await rejects(
        asyncio.timeout(0.01, () => asyncio.wrapPromise(client.blpop('list', 0))),
        asyncio.TimeoutError,
      );
      // The promise of the command that was given up.
      expectReport(/^Promise failed after its future was cancelled$/);
      client.disconnect();
      await closed(socket);

      server.close();
    },
    REAL,
  );
});
