"""Queues that sort and stacks, with several who put and several who get."""
import asyncio
from asyncio import LifoQueue, PriorityQueue, Queue, create_task, gather, sleep


async def main():
    for make in Queue, LifoQueue, PriorityQueue:
        queue = make(2)

        async def puts(name, items):
            for item in items:
                await queue.put(item)
                print(name, 'put', item, queue.qsize())

        async def gets(name, count):
            for _ in range(count):
                item = await queue.get()
                print(name, 'got', item, queue.qsize())
                queue.task_done()

        await gather(puts('a', [5, 1, 4]), puts('b', [2, 3, 0]), gets('c', 2), gets('d', 4))
        print('empty', queue.empty())

    queue = PriorityQueue()
    for item in (3, 'three'), (1, 'one'), (2, 'two'):
        queue.put_nowait(item)
    while not queue.empty():
        print(*queue.get_nowait())

    queue = Queue()

    async def works(name):
        while True:
            item = await queue.get()
            print(name, 'works on', item)
            await sleep(0)
            queue.task_done()

    workers = [create_task(works(name)) for name in 'xy']
    for item in range(5):
        queue.put_nowait(item)
    joins = create_task(queue.join())
    for turn in range(6):
        print('turn', turn, joins.done())
        await sleep(0)
    await joins
    for worker in workers:
        worker.cancel()
    outcomes = await gather(*workers, return_exceptions=True)
    print(*(type(outcome).__name__ for outcome in outcomes))


asyncio.run(main())
