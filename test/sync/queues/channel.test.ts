import * as assert from 'uvu/assert';
import {
  CancelledError,
  ChannelBroken,
  ChannelClosed,
  channel,
  createTask,
  EndOfChannel,
  gather,
  newEventLoop,
  QueueEmpty,
  QueueFull,
  RuntimeError,
  sleep,
  TimeoutError,
  timeout,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

loopBehaviour('channel', (it) => {
  it('returns items in the order in which they were sent', async () => {
    const [sender, receiver] = channel<number>(2);
    const received: number[] = [];

    const sending = createTask(async () => {
      for (let n = 0; n < 6; n += 1) await sender.send(n);
      sender.close();
    });
    for await (const item of receiver) received.push(item);
    await sending;

    assert.equal(received, [0, 1, 2, 3, 4, 5]);
  });

  it('refuses a wrong capacity', async () => {
    throws(() => channel(-1), RangeError, { message: /capacity must be an integer/ });
    throws(() => channel(1.5), RangeError);
    throws(() => channel('1' as never), TypeError);
    assert.is(channel(Number.POSITIVE_INFINITY)[0].statistics().maxBufferSize, Infinity);
  });

  it('makes a sender wait until its item is received if there is no buffer', async () => {
    const [sender, receiver] = channel<string>();
    const sending = createTask(sender.send('x'));
    await sleep(5);
    assert.not(sending.done());

    assert.is(await receiver.receive(), 'x');
    await sleep(0);

    assert.ok(sending.done());
  });

  it('accepts no more than fits, and serves waiting senders in order', async () => {
    const [sender, receiver] = channel<number>(1);
    sender.sendNowait(0);
    throws(() => sender.sendNowait(1), QueueFull);
    const waiting = [1, 2].map((n) => createTask(sender.send(n)));
    await sleep(0);

    assert.is(receiver.receiveNowait(), 0);
    // There is room, but others wait for it.
    throws(() => sender.sendNowait(3), QueueFull);
    const last = createTask(sender.send(3));

    assert.is(await receiver.receive(), 1);
    assert.is(await receiver.receive(), 2);
    assert.is(await receiver.receive(), 3);
    await gather(...waiting, last);
  });

  it('takes no item for a receiver that is closed while it waits', async () => {
    const [sender, receiver] = channel<string>();
    const other = receiver.clone();
    const waiting = createTask(receiver.receive());
    await sleep(0);

    receiver.close();

    throws(() => sender.sendNowait('x'), QueueFull);
    assert.is(sender.statistics().tasksWaitingReceive, 0);
    await rejects(waiting, ChannelClosed);
    other.close();
  });

  it('serves receivers in the order of their calls', async () => {
    const [sender, receiver] = channel<number>(5);
    const waiting = [0, 1, 2].map(() => createTask(receiver.receive()));
    await sleep(0);

    for (const n of [0, 1, 2]) sender.sendNowait(n);
    throws(() => receiver.receiveNowait(), QueueEmpty);

    assert.equal(await gather(...waiting), [0, 1, 2]);
  });

  for (const capacity of [0, 1, 3])
    it(`gives a waiting receiver what is sent without waiting, with a buffer of ${capacity}`, async () => {
      const [sender, receiver] = channel<number>(capacity);
      const waiting = [1, 2].map(() => createTask(receiver.receive()));
      await sleep(0);

      for (let n = 0; n < capacity + 2; n += 1) sender.sendNowait(n);
      throws(() => sender.sendNowait(9), QueueFull);

      assert.equal(await gather(...waiting), [0, 1]);
      assert.is(receiver.statistics().currentBufferUsed, capacity);
    });

  it('lets a sender without a buffer continue when its item is taken without waiting', async () => {
    const [sender, receiver] = channel<number>();
    throws(() => receiver.receiveNowait(), QueueEmpty);
    throws(() => sender.sendNowait(1), QueueFull);
    let isSent = false;
    const sending = createTask(async () => {
      await sender.send(1);
      isSent = true;
    });
    await sleep(0);

    assert.is(receiver.receiveNowait(), 1);
    sending.cancel();
    await rejects(sending, CancelledError);
    assert.ok(isSent);
  });

  it('takes nothing from a sender that is woken and then cancelled', async () => {
    const [sender, receiver] = channel<number>(1);
    sender.sendNowait(0);
    const sending = createTask(sender.send(1));
    await sleep(0);

    assert.is(receiver.receiveNowait(), 0);
    sending.cancel();
    throws(() => receiver.receiveNowait(), QueueEmpty);

    await rejects(sending, CancelledError);
  });

  it('wakes the next sender when a receiver has taken the item of one that was woken', async () => {
    const [sender, receiver] = channel<number>(1);
    sender.sendNowait(0);
    const sending = [1, 2].map((n) => createTask(sender.send(n)));
    await sleep(0);

    assert.is(receiver.receiveNowait(), 0);
    assert.is(receiver.receiveNowait(), 1);

    await gather(...sending);
    assert.is(receiver.receiveNowait(), 2);
  });

  it('ends when the last sender is closed, after the items in the buffer', async () => {
    const [sender, receiver] = channel<number>(5);
    const other = sender.clone();
    await sender.send(1);
    sender.close();
    sender.close();
    await other.send(2);
    other.close();

    assert.is(await receiver.receive(), 1);
    assert.is(receiver.receiveNowait(), 2);
    await rejects(receiver.receive(), EndOfChannel);
    throws(() => receiver.receiveNowait(), EndOfChannel);
  });

  it('ends for all waiting receivers when the last sender is closed', async () => {
    const [sender, receiver] = channel<number>();
    const waiting = [0, 1, 2].map(() => createTask(receiver.receive()));
    await sleep(0);

    sender.close();

    for (const each of waiting) await rejects(each, EndOfChannel);
  });

  it('makes all senders throw when the last receiver is closed, and drops the buffer', async () => {
    const [sender, receiver] = channel<number>(1);
    const other = receiver.clone();
    await sender.send(0);
    const waiting = [1, 2].map((n) => createTask(sender.send(n)));
    await sleep(0);
    receiver.close();
    await sleep(0);
    assert.not(waiting[0]?.done());

    other.close();

    for (const each of waiting) await rejects(each, ChannelBroken);
    throws(() => sender.sendNowait(3), ChannelBroken);
    await rejects(sender.send(3), ChannelBroken);
    assert.is(sender.statistics().currentBufferUsed, 0);
  });

  it('throws if a closed end is used, and in its own waiting calls', async () => {
    const [sender, receiver] = channel<number>();
    const [kept, keptReceiver] = [sender.clone(), receiver.clone()];
    const sending = createTask(sender.send(1));
    await sleep(0);
    sender.close();
    await rejects(sending, ChannelClosed);
    await rejects(sender.send(1), ChannelClosed);
    throws(() => sender.sendNowait(1), ChannelClosed);
    throws(() => sender.clone(), ChannelClosed);

    const receiving = createTask(receiver.receive());
    const other = createTask(keptReceiver.receive());
    await sleep(0);
    receiver.close();
    await rejects(receiving, ChannelClosed);
    await rejects(receiver.receive(), ChannelClosed);
    throws(() => receiver.receiveNowait(), ChannelClosed);
    throws(() => receiver.clone(), ChannelClosed);

    await kept.send(2);
    assert.is(await other, 2);
  });

  it('gives an item to the next receiver if one is closed in the turn in which it was woken', async () => {
    const [sender, receiver] = channel<number>(1);
    const other = receiver.clone();
    const first = createTask(receiver.receive());
    await sleep(0);
    const second = createTask(other.receive());
    await sleep(0);

    sender.sendNowait(1);
    receiver.close();

    await rejects(first, ChannelClosed);
    assert.is(await second, 1);
  });

  it('has not sent an item whose sender was closed', async () => {
    const [sender, receiver] = channel<number>();
    const other = sender.clone();
    const sending = createTask(sender.send(1));
    await sleep(0);
    const receiving = createTask(receiver.receive());
    sender.close();
    await rejects(sending, ChannelClosed);

    await other.send(2);
    assert.is(await receiving, 2);
  });

  it('interrupts a wait when its signal is aborted, and loses nothing', async () => {
    const [sender, receiver] = channel<number>();
    const signal = AbortSignal.abort(new Error('enough'));
    await rejects(createTask(receiver.receive({ signal })), Error, { message: 'enough' });
    await rejects(
      timeout(1, () => sender.send(1)),
      TimeoutError,
    );

    const receiving = createTask(receiver.receive());
    await sender.send(2);
    assert.is(await receiving, 2);
  });

  it('passes over a sender that was cancelled', async () => {
    const [sender, receiver] = channel<number>();
    const sending = createTask(sender.send(1));
    const receiving = createTask(receiver.receive());
    await sleep(0);
    sending.cancel();
    await rejects(sending, CancelledError);

    await sender.send(2);
    assert.is(await receiving, 2);
  });

  it('shows how full it is, and the number of waiters', async () => {
    const [sender, receiver] = channel<number>(1);
    using _clone = sender.clone();
    const waiting = [0, 1, 2].map((n) => createTask(sender.send(n)));
    await sleep(0);

    assert.equal(receiver.statistics(), {
      currentBufferUsed: 1,
      maxBufferSize: 1,
      openSenders: 2,
      openReceivers: 1,
      tasksWaitingSend: 2,
      tasksWaitingReceive: 0,
    });
    assert.match(
      String(sender),
      /^<ChannelSender open <channel .* \[1\/1, senders:2, receivers:1\]>>$/,
    );
    receiver.close();
    assert.match(String(receiver), /^<ChannelReceiver closed/);
    for (const each of waiting.slice(1)) await rejects(each, ChannelBroken);
  });

  it('can be closed by `using`', async () => {
    const [sender, receiver] = channel<number>(1);
    {
      using _ = sender;
      await using __ = receiver.clone();
    }
    assert.ok(sender.closed);
    assert.is(receiver.statistics().openReceivers, 1);
  });

  it(
    'lets other tasks run while two tasks pass items to each other',
    async () => {
      const [sender, receiver] = channel<number>();
      let isOver = false;
      const sending = createTask(async () => {
        while (!isOver) await sender.send(0);
        sender.close();
      });
      const receiving = createTask(async () => {
        for await (const _ of receiver);
      });

      await sleep(0.01);
      isOver = true;
      await gather(sending, receiving);
    },
    { clock: 'real' },
  );

  it('goes through ten thousand waiting senders, receivers and cancels in time that grows with their number', async () => {
    const [sender, receiver] = channel<number>();
    const senders = Array.from({ length: 10_000 }, (_, n) => createTask(sender.send(n)));
    await sleep(0);
    for (const each of senders.slice(5_000)) each.cancel();
    const receivers = Array.from({ length: 10_000 }, () => createTask(receiver.receive()));
    await gather(...senders.slice(0, 5_000));

    sender.close();

    const results = await gather(...receivers, { returnExceptions: true });
    assert.equal(
      results.slice(0, 5_000),
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    assert.ok(results.slice(5_000).every((result) => (result as unknown) instanceof EndOfChannel));
    await gather(...senders, { returnExceptions: true });
  });

  it.resting('belongs to the loop on which a task first waited', async (loop) => {
    const [sender, receiver] = channel<number>();
    await loop.runUntilComplete(async () => {
      const receiving = createTask(receiver.receive());
      await sender.send(1);
      await receiving;
    });
    const other = newEventLoop();
    await rejects(other.runUntilComplete(receiver.receive()), RuntimeError, {
      message: /<channel .*> is bound to a different event loop/,
    });
    other.close();
  });
});
