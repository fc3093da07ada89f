/** SSH and mail on connections of ours. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { createTransport } from 'nodemailer';
import ssh2 from 'ssh2';
import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { called, closed, overEachDriver } from './connected.ts';

const REAL = { clock: 'real' } as const;
/** Generating one takes longer than the rest of a test. */
let hostKey: string | undefined;

overEachDriver('ssh2', (it, connect) => {
  it(
    'runs a command, and ends',
    async () => {
      hostKey ??= generateKeyPairSync('rsa', {
        modulusLength: 2048,
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
        publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
      }).privateKey;
      const sshd = new ssh2.Server({ hostKeys: [hostKey] }, (peer) => {
        peer.on('authentication', (context) => context.accept());
        peer.on('session', (accept) => {
          accept().on('exec', (acceptExec, _reject, { command }) => {
            const channel = acceptExec();
            channel.write(`did ${command}`);
            channel.exit(0);
            channel.end();
          });
        });
        peer.on('error', () => {});
      });
      const server = createServer((socket) => sshd.injectSocket(socket));
      const socket = await connect(server);
      const client = new ssh2.Client();
      const ready = new Promise((resolve, reject) => {
        client.once('ready', () => resolve(undefined)).once('error', reject);
      });
      client.connect({ sock: socket, username: 'me', password: 'secret', readyTimeout: 5000 });
      await asyncio.wrapPromise(ready);

      const printed = await called<string>((done) => {
        client.exec('something', (error, channel) => {
          if (error !== undefined) return done(error);
          let text = '';
          channel.on('data', (piece: Buffer) => {
            text += piece;
          });
          channel.on('close', () => done(null, text));
        });
      });
      assert.is(printed, 'did something');

      client.end();
      await closed(socket);
      server.close();
    },
    REAL,
  );
});

overEachDriver('nodemailer', (it, connect) => {
  for (const option of ['connection', 'socket'] as const)
    it(
      `sends a mail over its option ${option}`,
      async () => {
        const lines: string[] = [];
        const server = createServer((peer) => {
          peer.write('220 localhost\r\n');
          let inData = false;
          peer.setEncoding('latin1').on('data', (text: string) => {
            for (const line of text.split('\r\n').slice(0, -1)) {
              lines.push(line);
              if (inData) {
                if (line !== '.') continue;
                inData = false;
                peer.write('250 taken\r\n');
              } else if (line === 'DATA') {
                inData = true;
                peer.write('354 go on\r\n');
              } else if (line === 'QUIT') peer.end('221 bye\r\n');
              else peer.write('250 ok\r\n');
            }
          });
        });
        const socket = await connect(server);
        const mailer = createTransport({ [option]: socket, port: 25, ignoreTLS: true });

        const { response } = await asyncio.wrapPromise(
          mailer.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'hello' }),
        );

        assert.is(response, '250 taken');
        assert.ok(lines.includes('hello'));
        await closed(socket);
        server.close();
      },
      REAL,
    );
});
