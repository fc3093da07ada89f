"""Asynchronous generators: their steps among others', closed by hand, by a cancel, in the end."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def numbers(name, count):
    try:
        for n in range(count):
            print(name, 'yields', n)
            yield n
            await sleep(0)
        print(name, 'is over')
    except CancelledError:
        print(name, 'cancelled')
        raise
    finally:
        print(name, 'cleans up')
        await sleep(0)
        print(name, 'is clean')


async def takes(name, count):
    async for n in numbers(name, count):
        print(name, 'takes', n)
        await sleep(0)


async def main():
    await asyncio.gather(takes('a', 2), takes('b', 3))

    generator = numbers('c', 5)
    async for n in generator:
        if n == 1:
            break
    await generator.aclose()
    print('closed by hand')

    task = create_task(takes('d', 9))
    for turn in range(4):
        await sleep(0)
    task.cancel()
    try:
        await task
    except CancelledError:
        print('the one that takes is cancelled')

    generator = numbers('e', 2)
    print(await generator.__anext__())
    try:
        await generator.athrow(RuntimeError('thrown in'))
    except RuntimeError as error:
        print('comes out', error)

    global left
    left = numbers('f', 9)
    print(await left.__anext__())
    print('main ends')


asyncio.run(main())
