"""Prints what one call_soon, one sleep(0) and one created and awaited task cost, in µs of CPU."""

import asyncio
import json
import statistics
import time

COUNT = 20_000
WARM_UP = 1
ROUNDS = 5


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


async def cost(program):
    costs = []
    for number in range(WARM_UP + ROUNDS):
        before = time.process_time()
        await program()
        if number >= WARM_UP:
            costs.append((time.process_time() - before) / COUNT * 1e6)
    return statistics.median(costs)


async def main():
    loop = asyncio.get_running_loop()
    costs = {
        "callSoon": await cost(lambda: call_soon(loop)),
        "sleepZero": await cost(sleep_zero),
        "createTask": await cost(create_task),
    }
    print(json.dumps(costs))


asyncio.run(main())
