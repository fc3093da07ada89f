"""A future is done in turn 4; a cancel of the task that waits for it comes in each of the turns 0 to 8."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def waits(name, wait):
    try:
        print(name, 'has', await wait)
    except CancelledError:
        print(name, 'cancelled')
        raise


async def cancel_in(turns):
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    async def worker():
        await waits('future', future)
        await waits('turn', sleep(0, 'turned'))
        return 'result'

    def in_turn(left, callback):
        if left == 0:
            callback()
        else:
            loop.call_soon(in_turn, left - 1, callback)

    def finish():
        if not future.cancelled():
            future.set_result('value')

    task = create_task(worker())
    in_turn(4, finish)
    in_turn(turns, lambda: print('asked', task.cancel()))
    try:
        print('worker', await task)
    except CancelledError:
        print('worker cancelled')
    for _ in range(9):
        await sleep(0)
    print(future.cancelled(), task.cancelled(), task.cancelling())


async def main():
    for turns in range(9):
        print('-- cancel in turn', turns)
        await cancel_in(turns)


asyncio.run(main())
