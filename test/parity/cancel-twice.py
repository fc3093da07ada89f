"""A second cancel: before the first is delivered, while the body cleans up, and after it."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def stubborn(name):
    for round in range(3):
        try:
            await sleep(10)
        except CancelledError as error:
            print(name, 'round', round, 'cancelled', error)
    return 'had enough'


async def careful(name):
    try:
        await sleep(10)
    except CancelledError as first:
        print(name, 'cancelled', first)
        try:
            await sleep(10)
        except CancelledError as second:
            print(name, 'cancelled again', second)
            raise
        raise


async def main():
    a = create_task(careful('a'))
    await sleep(0)
    print('asked', a.cancel('one'), a.cancel('two'), a.cancelling())
    for turn in range(3):
        print('turn', turn, a.done())
        await sleep(0)
    print('asked', a.cancel('three'), a.cancelling())
    try:
        await a
    except CancelledError as error:
        print('main saw', error, a.cancelling())

    b = create_task(stubborn('b'))
    for word in 'one', 'two', 'three', 'four':
        await sleep(0)
        await sleep(0)
        print('asked', b.cancel(word), b.cancelling())
    print('main has', await b, b.cancelled(), b.cancelling())


asyncio.run(main())
