"""A queue between producers and consumers: who waits is served in the order of coming."""
import asyncio
from asyncio import LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, create_task, sleep


async def producer(name, queue, count):
    for n in range(count):
        print(name, 'puts', n, queue)
        await queue.put(f'{name}{n}')
    print(name, 'has put all')


async def consumer(name, queue, count):
    for _ in range(count):
        item = await queue.get()
        print(name, 'got', item, queue)
        queue.task_done()
    print(name, 'has all')


async def exchange(queue):
    print('##', queue)
    tasks = [
        create_task(consumer('x', queue, 3)),
        create_task(producer('a', queue, 4)),
        create_task(consumer('y', queue, 3)),
        create_task(producer('b', queue, 2)),
    ]
    for task in tasks:
        await task
    await queue.join()
    print('joined', queue)


async def main():
    for maxsize in 0, 1, 2, 1.5, -1:
        await exchange(Queue(maxsize))
    await exchange(LifoQueue(2))
    await exchange(PriorityQueue(2))

    queue = Queue(1)
    print(queue.qsize(), queue.empty(), queue.full(), queue.maxsize)
    queue.put_nowait('one')
    print(queue.qsize(), queue.empty(), queue.full())
    try:
        queue.put_nowait('two')
    except QueueFull as error:
        print('full', error)
    print(queue.get_nowait())
    try:
        queue.get_nowait()
    except QueueEmpty as error:
        print('empty', error)
    queue.task_done()
    try:
        queue.task_done()
    except ValueError as error:
        print(error)

    print('-- who joins')
    queue = Queue()
    for n in range(3):
        queue.put_nowait(n)
    joiner = create_task(queue.join())
    while not joiner.done():
        if not queue.empty():
            print('got', await queue.get())
            queue.task_done()
            queue.task_done() if queue.qsize() == 1 else None
        print(queue, joiner.done())
        await sleep(0)

    print('-- a heap gives what is equal in an order of its own')
    queue = PriorityQueue()
    for n, name in enumerate('abcdefghij'):
        queue.put_nowait((n % 3, name))
    print([queue.get_nowait()[1] for _ in range(10)])


asyncio.run(main())
