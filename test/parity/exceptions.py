"""Errors on their way up: through awaits, finally, tasks that wait for one another, and retries."""
import asyncio
from asyncio import CancelledError, create_task, gather, sleep


async def level(depth, error):
    try:
        await sleep(0)
        if depth:
            return await level(depth - 1, error)
        raise error
    except ValueError as caught:
        print('level', depth, 'caught', caught)
        raise RuntimeError('from level %d' % depth)
    finally:
        print('level', depth, 'finally')
        await sleep(0)


async def retries(name, attempts):
    for attempt in range(attempts):
        try:
            await sleep(0)
            if attempt < attempts - 1:
                raise ValueError('not yet')
            print(name, 'succeeds at', attempt)
            return attempt
        except ValueError as error:
            print(name, error, attempt)


async def waits(name, task):
    try:
        await task
    except Exception as error:
        print(name, 'saw', type(error).__name__, error)
        raise


async def main():
    for error in ValueError('value'), TypeError('type'):
        try:
            await level(2, error)
        except Exception as caught:
            print('main caught', type(caught).__name__, caught)
    print(*await gather(retries('a', 3), retries('b', 1), retries('c', 2)))

    failing = create_task(level(1, TypeError('shared')))
    watchers = [create_task(waits(name, failing)) for name in 'xyz']
    outcomes = await gather(*watchers, return_exceptions=True)
    print(all(outcome is failing.exception() for outcome in outcomes))

    async def in_finally():
        try:
            raise ValueError('first')
        finally:
            await sleep(0)
            raise TypeError('second')

    try:
        await in_finally()
    except TypeError as error:
        print('the last one counts', error)

    async def returns_in_finally():
        try:
            await sleep(10)
        finally:
            return 'all the same'

    task = create_task(returns_in_finally())
    await sleep(0)
    task.cancel()
    print(await task, task.cancelled())


asyncio.run(main())
