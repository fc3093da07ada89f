"""Callbacks of the loop and of futures: their order among one another and among tasks."""
import asyncio
from asyncio import create_task, sleep


async def main():
    loop = asyncio.get_running_loop()

    def say(*words):
        print(*words)

    async def waits(future, name):
        print(name, 'has', await future)

    future = loop.create_future()
    future.add_done_callback(lambda f: say('first callback', f.result()))
    tasks = [create_task(waits(future, 'a'))]
    await sleep(0)
    future.add_done_callback(lambda f: say('second callback', f.result()))
    tasks.append(create_task(waits(future, 'b')))
    await sleep(0)
    loop.call_soon(say, 'soon before')
    future.set_result(1)
    loop.call_soon(say, 'soon after')
    future.add_done_callback(lambda f: say('late callback', f.result()))
    print('set')
    for task in tasks:
        await task

    def chain(depth):
        say('depth', depth)
        if depth:
            loop.call_soon(chain, depth - 1)

    loop.call_soon(chain, 2)
    loop.call_soon(say, 'beside')
    for turn in range(4):
        await sleep(0)
        print('turn', turn)

    handle = loop.call_soon(say, 'never')
    loop.call_soon(say, 'before the cancel is known')
    handle.cancel()
    print(handle.cancelled())
    await sleep(0)

    def remove(f):
        say('removes', f.remove_done_callback(other))

    def other(f):
        say('other')

    future = loop.create_future()
    for callback in remove, other, other:
        future.add_done_callback(callback)
    print('taken back', future.remove_done_callback(other))
    future.add_done_callback(other)
    future.cancel()
    await sleep(0)
    print(future.cancelled())


asyncio.run(main())
