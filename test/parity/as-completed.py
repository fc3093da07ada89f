"""as_completed(): results as they come, failures in between, a limit on the time."""
import asyncio
from asyncio import CancelledError, as_completed, create_task, sleep


async def child(name, turns, error=None):
    try:
        for turn in range(turns):
            await sleep(0)
    except CancelledError:
        print(name, 'cancelled')
        raise
    print(name, 'ends')
    if error:
        raise error
    return name


async def main():
    tasks = [create_task(child(name, turns)) for name, turns in (('a', 3), ('b', 1), ('c', 2))]
    for next_one in as_completed(tasks):
        print('came', await next_one)

    tasks = [create_task(child('d', 2, RuntimeError('boom'))), create_task(child('e', 1))]
    for next_one in as_completed(tasks):
        try:
            print('came', await next_one)
        except RuntimeError as error:
            print('failed', error)

    done = create_task(child('f', 0))
    await done
    for next_one in as_completed([done]):
        print('was there', await next_one)

    slow = create_task(sleep(10, 'slow'))
    for next_one in as_completed([slow, create_task(child('g', 1))], timeout=0.1):
        try:
            print('came', await next_one)
        except TimeoutError:
            print('too late', slow.done())
    slow.cancel()

    both = list(as_completed([create_task(child('h', 2)), create_task(child('i', 1))]))
    print(len(both))
    print(*[await one for one in both])


asyncio.run(main())
