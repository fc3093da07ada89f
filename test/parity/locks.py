"""A lock: first come, first served; released, it is unlocked until the next one's turn."""
import asyncio
from asyncio import CancelledError, Lock, create_task, sleep


async def worker(name, lock, rounds=2):
    for round in range(rounds):
        print(name, 'asks', round)
        await lock.acquire()
        print(name, 'has it', round)
        await sleep(0)
        print(name, 'gives it back', round)
        lock.release()


async def hasty(name, lock):
    print(name, 'comes', lock.locked())
    async with lock:
        print(name, 'has it')


async def waiting(name, lock):
    try:
        async with lock:
            print(name, 'has it')
    except CancelledError as error:
        print(name, 'cancelled', error, lock.locked())
        raise


async def main():
    lock = Lock()
    print('made', lock.locked())
    for task in [create_task(worker(name, lock)) for name in 'abc']:
        await task

    print('-- nobody overtakes')
    await lock.acquire()
    a = create_task(waiting('a', lock))
    await sleep(0)
    lock.release()
    print('released', lock.locked())
    b = create_task(hasty('b', lock))
    await hasty('main', lock)
    await a
    await b

    print('-- cancelled while waiting')
    await lock.acquire()
    a, b = create_task(waiting('a', lock)), create_task(waiting('b', lock))
    await sleep(0)
    a.cancel('enough')
    lock.release()
    await b
    print(a.done(), lock.locked())

    print('-- cancelled when its turn was coming')
    await lock.acquire()
    a, b = create_task(waiting('a', lock)), create_task(waiting('b', lock))
    await sleep(0)
    lock.release()
    a.cancel('too late')
    for turn in range(3):
        await sleep(0)
        print('turn', turn, a.done(), b.done(), lock.locked())

    print('-- cancelled before it began')
    a, b = create_task(lock.acquire()), create_task(waiting('b', lock))
    a.cancel()
    await b
    print(a.cancelled(), lock.locked())

    print('-- released once too often')
    await lock.acquire()
    a = create_task(waiting('a', lock))
    await sleep(0)
    await sleep(0)
    print(a.done())
    lock.release()
    await a
    try:
        lock.release()
    except RuntimeError as error:
        print(error)


asyncio.run(main())
