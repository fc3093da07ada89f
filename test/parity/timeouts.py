"""timeout(): in time, too late, within one another, set anew, and with a cancel of somebody else."""
import asyncio
from asyncio import CancelledError, create_task, current_task, get_running_loop, sleep, timeout


async def attempt(name, delay, body):
    limit = None
    try:
        async with timeout(delay) as limit:
            await body(limit)
            print(name, 'in time')
    except TimeoutError:
        print(name, 'too late')
    print(name, limit.expired(), current_task().cancelling())


async def main():
    loop = get_running_loop()

    async def quick(limit):
        await sleep(0)

    async def slow(limit):
        try:
            await sleep(10)
        except CancelledError:
            print('cancelled')
            raise

    async def postpones(limit):
        limit.reschedule(loop.time() + 10)
        await sleep(0.02)

    async def hastens(limit):
        limit.reschedule(loop.time() - 1)
        print('set anew', limit.expired())
        await slow(limit)

    async def refuses(limit):
        try:
            await sleep(10)
        except CancelledError:
            print('refused', limit.expired())

    async def fails(limit):
        try:
            await sleep(10)
        finally:
            print('instead')

    await attempt('quick', 10, quick)
    await attempt('slow', 0.01, slow)
    await attempt('none', None, quick)
    await attempt('zero', 0, slow)
    await attempt('past', -1, slow)
    await attempt('postponed', 0.01, postpones)
    await attempt('hastened', 10, hastens)
    await attempt('refused', 0.01, refuses)
    await attempt('failing', 0.01, fails)
    await attempt('outer', 10, lambda limit: attempt('inner', 0.01, slow))
    await attempt('outer', 0.01, lambda limit: attempt('inner', 10, slow))
    task = create_task(attempt('cancelled', 10, slow))
    await sleep(0)
    await sleep(0)
    task.cancel()
    try:
        await task
    except CancelledError:
        print('passes through', task.cancelled(), task.cancelling())


asyncio.run(main())
