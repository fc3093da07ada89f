/**
 * Random programs of senders and receivers, some of which are cancelled, timed out or closed: whatever was
 * sent was received, is in the buffer, or was dropped with the last receiver; nothing else was received.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  ChannelBroken,
  ChannelClosed,
  channel,
  createTask,
  EndOfChannel,
  sleep,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';

const action = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('send', 'receive') },
  { weight: 2, arbitrary: fc.constantFrom('sendNowait', 'receiveNowait', 'turn') },
  { weight: 3, arbitrary: fc.constant('cancel') },
  { weight: 1, arbitrary: fc.constantFrom('closeSender', 'closeReceiver') },
);
const program = fc.record({
  capacity: fc.constantFrom(0, 0, 1, 2, 5),
  steps: fc.array(fc.record({ action, which: fc.nat(20), turns: fc.nat(2) }), { maxLength: 40 }),
});

async function play({ capacity, steps }: typeof program extends fc.Arbitrary<infer P> ? P : never) {
  const [sender, receiver] = channel<number>(capacity);
  const [senders, receivers] = [
    [sender, sender.clone()],
    [receiver, receiver.clone()],
  ] as const;
  const [sent, received, other]: [number[], number[], unknown[]] = [[], [], []];
  const tasks: ReturnType<typeof createTask<void>>[] = [];
  const isExpected = (error: unknown): boolean =>
    [CancelledError, ChannelClosed, ChannelBroken, EndOfChannel].some((c) => error instanceof c) ||
    /^Queue(Full|Empty)$/.test((error as Error).name);
  const note = (error: unknown): void => void (isExpected(error) || other.push(error));
  let item = 0;
  const one = {
    send: (which: number) => {
      item += 1;
      const mine = item;
      const end = senders[which % 2];
      tasks.push(
        createTask(async () => {
          try {
            await end?.send(mine);
            sent.push(mine);
          } catch (error) {
            note(error);
          }
        }),
      );
    },
    receive: (which: number) => {
      const end = receivers[which % 2];
      tasks.push(
        createTask(async () => {
          try {
            received.push((await end?.receive()) as number);
          } catch (error) {
            note(error);
          }
        }),
      );
    },
    sendNowait: (which: number) => {
      item += 1;
      const mine = item;
      senders[which % 2]?.sendNowait(mine);
      sent.push(mine);
    },
    receiveNowait: (which: number) =>
      void received.push(receivers[which % 2]?.receiveNowait() as number),
    cancel: (which: number) => void tasks[tasks.length - 1 - (which % 6)]?.cancel(),
    closeSender: (which: number) => senders[which % 2]?.close(),
    closeReceiver: (which: number) => receivers[which % 2]?.close(),
    turn: () => {},
  };
  for (const step of steps) {
    try {
      one[step.action as keyof typeof one](step.which);
    } catch (error) {
      note(error);
    }
    for (let n = 0; n < step.turns; n += 1) await sleep(0);
  }
  for (let n = 0; n < 60; n += 1) await sleep(0);
  const state = receiver.statistics();

  // At rest nobody waits for what is there.
  if (state.tasksWaitingReceive > 0) assert.is(state.currentBufferUsed + state.tasksWaitingSend, 0);
  if (state.tasksWaitingSend > 0) assert.ok(state.currentBufferUsed >= capacity);
  if (state.openSenders === 0) assert.is(state.tasksWaitingReceive, 0);
  if (state.openReceivers === 0) assert.is(state.tasksWaitingSend + state.currentBufferUsed, 0);
  const isDropped = state.openReceivers === 0;
  for (let end = receivers.find((each) => !each.closed); state.currentBufferUsed > 0 && end; )
    try {
      received.push(end.receiveNowait());
    } catch (error) {
      note(error);
      break;
    }
  for (const each of [...senders, ...receivers]) each.close();
  for (let n = 0; n < 60; n += 1) await sleep(0);

  assert.ok(tasks.every((task) => task.done()));
  assert.equal(other, []);
  assert.is(new Set(received).size, received.length, 'received twice');
  const lost = sent.filter((each) => !received.includes(each));
  if (!isDropped) assert.equal(lost, [], 'sent and not received');
  const notSent = received.filter((each) => !sent.includes(each));
  assert.equal(notSent, [], 'received and not sent');
}

loopBehaviour('channel, at random', (it) => {
  it(
    'loses nothing and returns nothing twice, whatever is cancelled or closed',
    async () => {
      await fc.assert(fc.asyncProperty(program, play), { numRuns: 400 });
    },
    { seconds: 30 },
  );
});
