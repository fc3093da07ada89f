"""A condition: a cancel is thrown when the lock could be acquired, and not before."""
import asyncio
from asyncio import CancelledError, Condition, create_task, sleep


async def waiter(name, condition):
    async with condition:
        try:
            print(name, await condition.wait())
        except CancelledError as error:
            print(name, 'cancelled', condition.locked())
            raise


async def main():
    condition = Condition()

    print('-- while it waits')
    a = create_task(waiter('a', condition))
    await sleep(0)
    a.cancel()
    for turn in range(3):
        await sleep(0)
        print('turn', turn, a.done(), condition.locked())

    print('-- while it waits, and the lock is held')
    a = create_task(waiter('a', condition))
    await sleep(0)
    await condition.acquire()
    a.cancel()
    for turn in range(3):
        await sleep(0)
        print('turn', turn, a.done(), condition.locked())
    condition.release()
    for turn in range(3):
        await sleep(0)
        print('turn', turn, a.done(), condition.locked())

    print('-- while it acquires the lock again, twice')
    a = create_task(waiter('a', condition))
    await sleep(0)
    await condition.acquire()
    condition.notify()
    for turn in range(2):
        await sleep(0)
        a.cancel()
    await sleep(0)
    print(a.done())
    condition.release()
    for turn in range(3):
        await sleep(0)
        print('turn', turn, a.done(), a.cancelled(), condition.locked())

    print('-- just before it would be notified')
    a, b = create_task(waiter('a', condition)), create_task(waiter('b', condition))
    await sleep(0)
    async with condition:
        a.cancel()
        condition.notify()
    for turn in range(4):
        await sleep(0)
        print('turn', turn, a.done(), b.done(), condition.locked())


asyncio.run(main())
