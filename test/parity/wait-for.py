"""wait_for(): results in time, clean-up that takes long, errors instead, and a cancel from outside."""
import asyncio
from asyncio import CancelledError, create_task, sleep, wait_for


async def work(name, delay, after=0, error=None, result=None):
    try:
        await sleep(delay)
        print(name, 'ends')
        return name
    except CancelledError:
        print(name, 'cancelled')
        await sleep(after)
        print(name, 'cleaned up')
        if error:
            raise error
        if result:
            return result
        raise


async def attempt(awaitable, limit):
    try:
        print('has', await wait_for(awaitable, limit))
    except TimeoutError:
        print('too late')
    except RuntimeError as error:
        print('failed', error)


async def main():
    await attempt(work('a', 0), 10)
    await attempt(work('b', 0), None)
    await attempt(work('c', 10), 0.01)
    await attempt(work('d', 10, after=0.02), 0.01)
    await attempt(work('e', 10, error=RuntimeError('instead')), 0.01)
    task = create_task(work('f', 10))
    await attempt(task, 0.01)
    print(task.cancelled())
    done = create_task(work('g', 0))
    await done
    await attempt(done, 0)
    await attempt(done, -1)
    never = asyncio.get_running_loop().create_future()
    await attempt(never, 0.01)
    print(never.cancelled())

    waits = create_task(attempt(work('h', 10), 10))
    await sleep(0.01)
    waits.cancel()
    try:
        await waits
    except CancelledError:
        print('cancelled from outside', waits.cancelled())
    nested = create_task(attempt(wait_for(work('i', 10), 10), 0.01))
    await nested


asyncio.run(main())
