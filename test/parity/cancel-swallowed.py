"""Bodies that swallow their cancel: they go on, return, wait for more, or fail with something else."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def returns():
    try:
        await sleep(10)
    except CancelledError:
        return 'a result'


async def goes_on():
    try:
        await sleep(10)
    except CancelledError:
        pass
    print('goes on')
    await sleep(0)
    print('and on')
    return 'later'


async def fails():
    try:
        await sleep(10)
    except CancelledError:
        raise ValueError('instead')


async def swallows_a_turn():
    try:
        await sleep(0)
        await sleep(0)
    except CancelledError:
        print('swallowed at a bare turn')
    await sleep(0)
    return 'turned'


async def main():
    for body in returns, goes_on, fails, swallows_a_turn:
        task = create_task(body())
        task.add_done_callback(lambda task: print('told', task.cancelled()))
        await sleep(0)
        print('asked', task.cancel())
        for turn in range(3):
            print('turn', turn, task.done())
            await sleep(0)
        try:
            print('main has', await task)
        except ValueError as error:
            print('main saw', error)
        print(task.cancelled(), task.cancelling())


asyncio.run(main())
