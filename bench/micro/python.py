"""Prints what the loop's own doings cost, in µs of processor time: asyncio-ts.ts in Python."""

import asyncio
import json
import statistics
import sys
import time

# How often each is done in one measurement.
COUNT = 10_000
CHILDREN = 10_000
TIMERS = 100_000
# Seconds over which the deadlines of timers are spread.
SPREAD = 0.1

MEASUREMENTS = 3


async def call_soon(loop):
    done = loop.create_future()
    calls = 0

    def callback():
        nonlocal calls
        calls += 1
        if calls == COUNT:
            done.set_result(None)

    for _ in range(COUNT):
        loop.call_soon(callback)
    await done


async def sleep_zero():
    for _ in range(COUNT):
        await asyncio.sleep(0)


async def nothing():
    pass


async def create_task():
    for _ in range(COUNT):
        await asyncio.create_task(nothing())


async def gather():
    await asyncio.gather(*[nothing() for _ in range(CHILDREN)])


def deadline(n):
    return n * 48_271 % 100_003 / 100_003 * SPREAD


async def cancelled_timers(loop):
    def callback():
        pass

    timers = [loop.call_later(60 + deadline(n), callback) for n in range(TIMERS)]
    for timer in timers:
        timer.cancel()
    await asyncio.sleep(0)


async def timers(loop):
    done = loop.create_future()
    calls = 0

    def callback():
        nonlocal calls
        calls += 1
        if calls == TIMERS:
            done.set_result(None)

    for n in range(TIMERS):
        loop.call_later(deadline(n), callback)
    await done


async def lock():
    shared = asyncio.Lock()

    async def worker():
        for _ in range(COUNT // 2):
            await shared.acquire()
            shared.release()

    await shared.acquire()
    workers = [asyncio.create_task(worker()), asyncio.create_task(worker())]
    await asyncio.sleep(0)
    shared.release()
    for task in workers:
        await task


async def queue():
    shared = asyncio.Queue(1)

    async def producer():
        for n in range(COUNT):
            await shared.put(n)

    task = asyncio.create_task(producer())
    for _ in range(COUNT):
        await shared.get()
    await task


async def cost(count, program):
    """The median over the measurements, in µs; one more, before them, does not count."""
    await program()
    costs = []
    for _ in range(MEASUREMENTS):
        before = time.process_time()
        await program()
        costs.append((time.process_time() - before) / count * 1e6)
    return statistics.median(costs)


async def main():
    loop = asyncio.get_running_loop()
    costs = {
        "callSoon": await cost(COUNT, lambda: call_soon(loop)),
        "sleepZero": await cost(COUNT, sleep_zero),
        "createTask": await cost(COUNT, create_task),
        "gather": await cost(CHILDREN, gather),
        "cancelledTimer": await cost(TIMERS, lambda: cancelled_timers(loop)),
        "timer": await cost(TIMERS, lambda: timers(loop)),
        "lock": await cost(COUNT, lock),
        "queue": await cost(COUNT, queue),
    }
    print(json.dumps(costs))


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
