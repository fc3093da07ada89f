"""Task groups in which a task, several, or the body fail, and one that is cancelled."""
import asyncio
from asyncio import CancelledError, TaskGroup, create_task, sleep


async def child(name, turns, error=None):
    try:
        for turn in range(turns):
            await sleep(0)
        if error:
            print(name, 'fails')
            raise error
        print(name, 'ends')
    except CancelledError:
        print(name, 'cancelled')
        if name.isupper():
            raise RuntimeError('in clean-up of ' + name)
        raise


async def attempt(body):
    try:
        async with TaskGroup() as group:
            await body(group)
            print('body ends')
    except* (RuntimeError, TypeError) as caught:
        print(caught.message, *(str(error) for error in caught.exceptions))


async def main():
    async def one_fails(group):
        group.create_task(child('a', 2, RuntimeError('of a')))
        group.create_task(child('b', 9))
        group.create_task(child('C', 9))

    await attempt(one_fails)

    async def body_fails(group):
        group.create_task(child('d', 9))
        await sleep(0)
        raise TypeError('of the body')

    await attempt(body_fails)

    async def while_body_waits(group):
        group.create_task(child('e', 1, RuntimeError('of e')))
        try:
            await sleep(10)
        except CancelledError:
            print('body cancelled')
            raise

    await attempt(while_body_waits)

    async def several(group):
        group.create_task(child('f', 1, RuntimeError('of f')))
        group.create_task(child('g', 1, TypeError('of g')))
        group.create_task(child('h', 1))

    await attempt(several)

    async def waits(group):
        group.create_task(child('i', 9))
        await sleep(10)

    task = create_task(attempt(waits))
    await sleep(0)
    await sleep(0)
    task.cancel()
    try:
        await task
    except CancelledError:
        print('the whole is cancelled', task.cancelled())


asyncio.run(main())
