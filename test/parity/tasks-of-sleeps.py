"""Tasks made of nothing but a sleep: how many turns they take, and in which order they end."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def watch(tasks, turns):
    for turn in range(turns):
        print('turn', turn, *(task.done() for task in tasks))
        await sleep(0)


async def main():
    async def body():
        return await sleep(0, 'body')

    tasks = [create_task(sleep(0, 'bare')), create_task(body()), create_task(sleep(-1, 'past'))]
    for task in tasks:
        task.add_done_callback(lambda task: print('done', task.result()))
    await watch(tasks, 5)

    bare = create_task(sleep(0))
    bare.cancel()
    late = create_task(sleep(0))
    await sleep(0)
    late.cancel()
    await watch([bare, late], 3)
    print(bare.cancelled(), late.cancelled())

    slow = [create_task(sleep(delay, delay)) for delay in (0.3, 0.1, 0.2)]
    for task in slow:
        task.add_done_callback(lambda task: print('slept', task.result()))
    for task in slow:
        await task


asyncio.run(main())
