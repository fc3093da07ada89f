/** HTTP, HTTP/2 and WebSocket, by Node and by packages, on connections of ours. */
import http, { type IncomingMessage, type RequestListener } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Client } from 'undici';
import * as assert from 'uvu/assert';
import { WebSocket, WebSocketServer } from 'ws';
import type { TransportSocket } from '../../../src/index.ts';
import * as asyncio from '../../../src/index.ts';
import { rejects } from '../../support/rejects.ts';
import { SERVER } from '../../support/tls.ts';
import { called, closed, overEachDriver } from './connected.ts';

const REAL = { clock: 'real' } as const;
const REQUEST = { host: 'localhost', path: '/' };

/** Greets; `/never` is not answered. */
const greet: RequestListener = (request, response) => {
  if (request.url !== '/never') response.end('hello');
};

function text(response: IncomingMessage): Promise<string> {
  return called((done) => {
    let all = '';
    response.on('data', (piece) => (all += piece)).on('end', () => done(null, all));
  });
}

/** Serves HTTP on the other side of a connection of ours, whose socket a handler has made. */
async function servedBy(
  server: http.Server | http2.Http2Server,
): Promise<{ port: number; sockets: Socket[]; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  const serving = await asyncio.startServer(
    async (...streams) => {
      const socket = asyncio.toDuplex(streams);
      sockets.push(socket);
      server.emit('connection', socket);
      await closed(socket);
    },
    '127.0.0.1',
    0,
  );
  const [, port] = (serving.sockets[0] as TransportSocket).getsockname() as [string, number];
  return {
    port,
    sockets,
    close: async () => {
      serving.close();
      for (const socket of sockets) socket.destroy();
      await serving.waitClosed();
    },
  };
}

overEachDriver('http', (it, connect) => {
  it(
    'sends two requests on a keep-alive connection, and reports a time-out',
    async () => {
      const server = http.createServer(greet);
      const socket = await connect(server);
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });
      (agent as unknown as { createConnection: () => Socket }).createConnection = () => socket;
      const ask = (path: string, timeout: number) =>
        called<IncomingMessage>((done) => {
          const request = http.get({ ...REQUEST, path, agent, timeout }, (got) => done(null, got));
          request.on('timeout', () => request.destroy(new Error('too late'))).on('error', done);
        });

      for (let n = 0; n < 2; n += 1) assert.is(await text(await ask('/', 5000)), 'hello');
      await rejects(ask('/never', 10), Error, { message: /too late/ });

      await closed(socket);
      server.close();
    },
    REAL,
  );
});

overEachDriver('https', (it, connect) => {
  it(
    "sends a request over this library's TLS, and shows the certificate",
    async () => {
      const server = https.createServer(SERVER as https.ServerOptions, greet);
      const socket = await connect(server, { secure: true });
      const response = await called<IncomingMessage>((done) => {
        const options = { ...REQUEST, createConnection: () => socket };
        http.get(options, (got) => done(null, got)).on('error', done);
      });

      const tls = response.socket as import('node:tls').TLSSocket;
      assert.is(tls.encrypted, true);
      assert.is(tls.authorized, true);
      assert.ok(tls.getPeerCertificate().fingerprint256);
      assert.match(String(tls.getProtocol()), /^TLSv1/);
      assert.is(await text(response), 'hello');

      socket.destroy();
      await closed(socket);
      server.close();
    },
    REAL,
  );
});

overEachDriver('http2', (it, connect) => {
  it(
    'sends a request, and ends',
    async () => {
      const server = http2.createServer((_request, response) => response.end('hello'));
      const socket = await connect(server);
      const session = http2.connect('http://localhost', { createConnection: () => socket });
      const stream = session.request({ ':path': '/' });

      assert.is(await text(stream as never), 'hello');

      await called((done) => session.close(() => done(null)));
      await closed(socket);
      server.close();
    },
    REAL,
  );
});

overEachDriver('undici', (it, connect) => {
  it(
    'sends a request, and aborts another with its signal',
    async () => {
      const server = http.createServer(greet);
      const socket = await connect(server);
      const client = new Client('http://localhost', {
        connect: (_options, done) => process.nextTick(done, null, socket),
      });
      const { body } = await asyncio.wrapPromise(client.request({ path: '/', method: 'GET' }));
      assert.is(await asyncio.wrapPromise(body.text()), 'hello');

      await rejects(
        asyncio.timeout(0.01, async ({ signal }) => {
          await asyncio.wrapPromise(client.request({ path: '/never', method: 'GET', signal }));
        }),
        asyncio.TimeoutError,
      );

      await asyncio.wrapPromise(client.destroy());
      await closed(socket);
      server.close();
    },
    REAL,
  );
});

overEachDriver('ws', (it, connect) => {
  it(
    'opens, sends a message, and closes',
    async () => {
      const server = http.createServer();
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (peer) => peer.on('message', (data) => peer.send(data)));
      const socket = await connect(server);
      const createConnection = (() => socket) as never;
      const client = new WebSocket('ws://localhost', { createConnection, handshakeTimeout: 5000 });
      const open = new Promise((resolve) => client.once('open', resolve));
      await asyncio.wrapPromise(open);

      const answer = new Promise((resolve) => client.once('message', resolve));
      client.send('hello');
      assert.is(String(await asyncio.wrapPromise(answer)), 'hello');
      client.close();
      await closed(socket);

      sockets.close();
      server.close();
    },
    REAL,
  );
});

overEachDriver('a server’s side of ours', (it) => {
  it(
    "shows http the peer's address, and ends a silent connection",
    async () => {
      const server = http.createServer((request, response) => {
        const { remoteAddress, remoteFamily, localPort } = request.socket;
        response.end(JSON.stringify([remoteAddress, remoteFamily, localPort]));
      });
      const serving = await servedBy(server);
      const { port } = serving;
      const response = await called<IncomingMessage>((done) => {
        http.get({ host: '127.0.0.1', port, agent: false }, (got) => done(null, got));
      });
      assert.equal(JSON.parse(await text(response)), ['127.0.0.1', 'IPv4', port]);

      server.timeout = 10;
      const [reader, writer] = await asyncio.openConnection('127.0.0.1', port);
      assert.is((await reader.read()).length, 0);
      writer.close();

      await serving.close();
    },
    REAL,
  );

  it(
    'is upgraded to WebSocket',
    async () => {
      const server = http.createServer();
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (peer, { socket }) => peer.send(String(socket.remoteAddress)));
      const serving = await servedBy(server);
      const client = new WebSocket(`ws://127.0.0.1:${serving.port}`);
      const told = new Promise((resolve) => client.once('message', resolve));

      assert.is(String(await asyncio.wrapPromise(told)), '127.0.0.1');

      const gone = new Promise((resolve) => client.once('close', resolve));
      client.close();
      await asyncio.wrapPromise(gone);
      await serving.close();
    },
    REAL,
  );
});
