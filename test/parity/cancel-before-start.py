"""A task that is cancelled before its first turn, or in it."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def worker(name):
    print(name, 'begins')
    try:
        await sleep(0)
        print(name, 'goes on')
    except CancelledError:
        print(name, 'cancelled')
        raise


async def see(name, task):
    try:
        print('main has', await task)
    except CancelledError as error:
        print('main saw', name, 'cancelled', error, task.cancelled(), task.cancelling())


async def main():
    a = create_task(worker('a'))
    print('asked', a.cancel('early'))
    await see('a', a)

    b = create_task(worker('b'))
    await sleep(0)
    print('asked', b.cancel('in its first wait'))
    await see('b', b)

    c = create_task(worker('c'))
    asyncio.get_running_loop().call_soon(lambda: print('asked', c.cancel('behind its first step')))
    await see('c', c)

    d = create_task(worker('d'))
    d.add_done_callback(lambda task: print('d told', task.cancelled()))
    d.cancel()
    for turn in range(3):
        print('turn', turn, d.done())
        await sleep(0)
    print('late', d.cancel())


asyncio.run(main())
