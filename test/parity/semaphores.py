"""Semaphores: places are given in the order of asking, and passed on by those who are cancelled."""
import asyncio
from asyncio import BoundedSemaphore, CancelledError, Semaphore, create_task, sleep


async def worker(name, semaphore, turns=1):
    try:
        async with semaphore:
            print(name, 'is in', semaphore.locked())
            for turn in range(turns):
                await sleep(0)
            print(name, 'goes')
    except CancelledError:
        print(name, 'cancelled', semaphore.locked())
        raise


async def main():
    semaphore = Semaphore(2)
    print(semaphore.locked())
    tasks = [create_task(worker(str(n), semaphore, n % 3)) for n in range(7)]
    for task in tasks:
        await task
    print(semaphore.locked())

    print('-- none overtakes, though there is a place')
    semaphore = Semaphore(0)
    a = create_task(worker('a', semaphore))
    await sleep(0)
    semaphore.release()
    semaphore.release()
    print(semaphore.locked())
    await worker('main', semaphore)
    await a
    print(semaphore.locked())

    print('-- cancelled before and after it was woken')
    semaphore = Semaphore(0)
    tasks = [create_task(worker(name, semaphore)) for name in 'abcd']
    await sleep(0)
    tasks[0].cancel()
    semaphore.release()
    tasks[1].cancel()
    for turn in range(5):
        await sleep(0)
        print('turn', turn, [task.done() for task in tasks], semaphore.locked())
    for task in tasks[2:]:
        await task

    print('-- bounded')
    semaphore = BoundedSemaphore(1)
    await worker('main', semaphore)
    try:
        semaphore.release()
    except ValueError as error:
        print(error)
    try:
        Semaphore(-1)
    except ValueError as error:
        print(error)


asyncio.run(main())
