"""Locks, semaphores, conditions and events under limits on the time: who gets what afterwards."""
import asyncio
from asyncio import Condition, Event, Lock, Semaphore, create_task, gather, sleep, timeout


async def attempt(name, delay, waits):
    try:
        async with timeout(delay):
            await waits()
            print(name, 'in time')
            return True
    except TimeoutError:
        print(name, 'too late')
        return False


async def main():
    lock = Lock()
    await lock.acquire()

    async def holds(name, delay):
        if await attempt(name, delay, lock.acquire):
            print(name, 'holds', lock.locked())
            await sleep(0)
            lock.release()

    tasks = [create_task(holds(name, delay))
             for name, delay in (('a', 0.05), ('b', 10), ('c', 0.15), ('d', 10))]
    await sleep(0.3)
    lock.release()
    await gather(*tasks)
    print(lock.locked())

    places = Semaphore(1)
    await places.acquire()
    await gather(*(attempt(name, 0.01, places.acquire) for name in 'ef'))
    places.release()
    print(await attempt('g', 0, places.acquire), places.locked())

    event = Event()
    waits = [create_task(attempt('h', 0.01, event.wait)), create_task(attempt('i', 10, event.wait))]
    await sleep(0.1)
    event.set()
    await gather(*waits)
    await attempt('j', 0, event.wait)

    condition = Condition()
    ready = []

    async def waits_in():
        async with condition:
            await condition.wait_for(lambda: ready)

    waits = [create_task(attempt('k', 0.01, waits_in)), create_task(attempt('l', 10, waits_in))]
    await sleep(0.1)
    async with condition:
        ready.append(1)
        condition.notify(1)
        print('notified', condition.locked())
    await gather(*waits)
    print(condition.locked())


asyncio.run(main())
