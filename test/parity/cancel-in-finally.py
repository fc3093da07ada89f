"""A cancel that comes while the body cleans up in a finally block."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def worker(name, fails):
    try:
        print(name, 'works')
        await sleep(0.01)
        if fails:
            raise ValueError('work')
        print(name, 'worked')
    finally:
        print(name, 'cleans up')
        try:
            await sleep(0)
            print(name, 'half clean')
            await sleep(0)
            print(name, 'clean')
        finally:
            print(name, 'ends')


async def see(name, task):
    try:
        print('main has', await task)
    except CancelledError:
        print('main saw', name, 'cancelled')
    except ValueError as error:
        print('main saw', name, 'fail:', error)


async def cancel_at(name, fails, cancels):
    task = create_task(worker(name, fails))
    for turn in range(2):
        await sleep(0)
    if 'work' in cancels:
        print('asked', task.cancel())
    else:
        await sleep(0.02)
    for turn in range(4):
        if turn in cancels:
            print('turn', turn, 'asked', task.cancel())
        await sleep(0)
    await see(name, task)
    print(name, task.cancelling(), task.cancelled())


async def main():
    await cancel_at('a', False, ['work'])
    await cancel_at('b', False, ['work', 1])
    await cancel_at('c', False, ['work', 2])
    await cancel_at('d', False, ['work', 1, 2])
    await cancel_at('e', False, ['work', 3])
    await cancel_at('f', True, [])
    await cancel_at('g', False, [])


asyncio.run(main())
