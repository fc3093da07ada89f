"""Timers: in the order of their times, cancelled, made by one another, and beside sleeps."""
import asyncio
from asyncio import create_task, sleep


async def main():
    loop = asyncio.get_running_loop()
    begin = loop.time()

    def say(*words):
        print(*words)

    for delay in 0.3, 0.06, 0.18, -1, 0.12:
        loop.call_later(delay, say, 'later', delay)
    handle = loop.call_at(begin + 0.15, say, 'never')
    loop.call_at(begin + 0.24, say, 'at')
    loop.call_at(begin - 5, say, 'long past')
    loop.call_soon(say, 'soon')
    print('cancelled', handle.cancelled())
    handle.cancel()
    print('cancelled', handle.cancelled(), handle.when() > begin)

    def tick(left):
        say('tick', left)
        if left:
            loop.call_later(0.004, tick, left - 1)

    await sleep(0.45)
    tick(3)
    await sleep(0.15)

    async def naps(name, *delays):
        for delay in delays:
            await sleep(delay)
            print(name, 'slept', delay)

    tasks = [create_task(naps('a', 0.18, 0.24)), create_task(naps('b', 0.3, 0.24)),
             create_task(naps('c', 0, 0, 0.36))]
    for task in tasks:
        await task
    print('zero or less')
    loop.call_later(0, say, 'zero')
    loop.call_soon(say, 'soon')
    loop.call_later(-1, say, 'less')
    for turn in range(3):
        await sleep(0)


asyncio.run(main())
