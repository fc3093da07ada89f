"""Who runs: the current task and all tasks, in tasks, in callbacks, and as tasks come and go."""
import asyncio
from asyncio import all_tasks, create_task, current_task, gather, sleep


def names():
    return ' '.join(sorted(task.get_name() for task in all_tasks()))


def current():
    task = current_task()
    return task.get_name() if task else '-'


async def nested(text):
    print(text, current())
    await sleep(0)
    print(text, current())


async def child(other=None):
    await nested('in')
    if other:
        await other
    print('after', current(), '|', names())


async def main():
    loop = asyncio.get_running_loop()
    current_task().set_name('main')
    print(current(), '|', names())
    a = create_task(child(), name='a')
    b = create_task(child(a), name='b')
    print(current(), '|', names())
    loop.call_soon(lambda: print('callback', current()))
    a.add_done_callback(lambda task: print('done', task.get_name(), current(), '|', names()))
    await gather(a, b)
    print(current(), '|', names())

    c = create_task(sleep(10), name='c')
    await sleep(0)
    c.set_name('renamed')
    print(names(), c.get_name())
    c.cancel()
    print('cancelling', names())
    await asyncio.wait([c])
    print(names(), c.done())
    d = asyncio.ensure_future(nested('ensured'))
    d.set_name('d')
    await d


asyncio.run(main())
