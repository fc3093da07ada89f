import * as assert from 'uvu/assert';
import { CancelledError, createTask, sleep, type Task } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const pair = (): [socket.Socket, socket.Socket] => {
  const both = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver: 'posix' });
  for (const sock of both) sock.setblocking(false);
  return both;
};

loopBehaviour('Sockets that the system reports as ready together', (it) => {
  it(
    'receive before any of their tasks continues, and no cancel in between loses bytes',
    async (loop) => {
      const [one, other] = [pair(), pair()];
      const steps: string[] = [];
      let second: Task<void> | undefined;
      const first = createTask(async () => {
        steps.push(`first: ${await loop.sockRecv(one[0], 100)}`);
        second?.cancel();
        await sleep(0);
        steps.push('first: on');
      });
      second = createTask(async () => {
        steps.push(`second: ${await loop.sockRecv(other[0], 100)}`);
        await sleep(0);
        steps.push('second: on');
      });
      await sleep(0);
      one[1].send(Buffer.from('a'));
      other[1].send(Buffer.from('b'));

      await first;
      await rejects(second, CancelledError);
      assert.equal(steps, ['first: a', 'second: b', 'first: on']);
      for (const sock of [...one, ...other]) sock.close();
    },
    { clock: 'real' },
  );

  it(
    'get a turn each in debug mode, where each is timed',
    async (loop) => {
      const [one, other] = [pair(), pair()];
      const steps: string[] = [];
      const tell = async (name: string, sock: socket.Socket): Promise<void> => {
        steps.push(`${name}: ${await loop.sockRecv(sock, 100)}`);
        await Promise.resolve();
        steps.push(`${name}: on`);
      };
      const tasks = [
        createTask(() => tell('first', one[0])),
        createTask(() => tell('second', other[0])),
      ];
      await sleep(0);
      one[1].send(Buffer.from('a'));
      other[1].send(Buffer.from('b'));
      await Promise.all(tasks);

      assert.equal(steps, ['first: a', 'first: on', 'second: b', 'second: on']);
      for (const sock of [...one, ...other]) sock.close();
    },
    { clock: 'real', debug: true },
  );
});
