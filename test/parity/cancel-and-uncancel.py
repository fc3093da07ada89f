"""A timeout by hand: a cancel of our own is taken back, one of somebody else's is not."""
import asyncio
from asyncio import CancelledError, create_task, current_task, sleep


async def limited(name, turns):
    task = current_task()
    fired = False

    def fire(left):
        nonlocal fired
        if left == 0:
            fired = True
            print(name, 'limit', task.cancel('limit'), task.cancelling())
        else:
            task.get_loop().call_soon(fire, left - 1)

    fire(turns)
    try:
        await sleep(0.05)
        print(name, 'in time')
    except CancelledError as error:
        print(name, 'cancelled', error, task.cancelling())
        if not (fired and task.uncancel() == 0):
            raise
        print(name, 'timed out', task.cancelling())
    await sleep(0)
    print(name, 'after it')
    return name


async def main():
    a = create_task(limited('a', 2))
    print('main has', await a, a.cancelling())

    b = create_task(limited('b', 2))
    await sleep(0)
    await sleep(0)
    print('main asked', b.cancel('somebody else'))
    try:
        await b
    except CancelledError as error:
        print('main saw b', error, b.cancelling())

    c = create_task(limited('c', 10))
    await sleep(0)
    c.cancel('first')
    print('uncancel', c.uncancel(), c.uncancel())
    try:
        await c
    except CancelledError as error:
        print('main saw c', error, c.cancelling())


asyncio.run(main())
