"""A queue: who is cancelled takes nothing, puts nothing, and passes its turn on."""
import asyncio
from asyncio import CancelledError, Queue, create_task, sleep


async def getter(name, queue):
    try:
        print(name, 'got', await queue.get())
    except CancelledError:
        print(name, 'cancelled', queue)
        raise


async def putter(name, queue):
    try:
        await queue.put(name)
        print(name, 'is in', queue)
    except CancelledError:
        print(name, 'cancelled', queue)
        raise


async def turns(count, queue, *tasks):
    for turn in range(count):
        print('turn', turn, queue, [task.done() for task in tasks])
        await sleep(0)


async def main():
    print('-- a getter, before an item comes')
    queue = Queue()
    a, b = create_task(getter('a', queue)), create_task(getter('b', queue))
    await sleep(0)
    print(queue)
    a.cancel()
    queue.put_nowait('item')
    await turns(3, queue, a, b)

    print('-- a getter, when an item has come')
    queue = Queue()
    a, b = create_task(getter('a', queue)), create_task(getter('b', queue))
    await sleep(0)
    queue.put_nowait('item')
    a.cancel()
    await turns(4, queue, a, b)

    print('-- a getter, when its item was taken by another')
    queue = Queue()
    a, b = create_task(getter('a', queue)), create_task(getter('b', queue))
    await sleep(0)
    queue.put_nowait('item')
    print(queue.get_nowait())
    await turns(2, queue, a, b)
    a.cancel()
    queue.put_nowait('another')
    await turns(3, queue, a, b)

    print('-- a putter, when there is a place')
    queue = Queue(1)
    queue.put_nowait('item')
    a, b = create_task(putter('a', queue)), create_task(putter('b', queue))
    await sleep(0)
    print(queue.get_nowait())
    a.cancel()
    await turns(3, queue, a, b)

    print('-- a putter, before there is a place')
    a, c = create_task(putter('a', queue)), create_task(putter('c', queue))
    await sleep(0)
    a.cancel()
    print(queue.get_nowait())
    await turns(3, queue, a, c)

    print('-- before they begin')
    a, b = create_task(queue.get()), create_task(queue.put('d'))
    a.cancel()
    b.cancel()
    await turns(2, queue, a, b)


asyncio.run(main())
