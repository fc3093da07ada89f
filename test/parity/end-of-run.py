"""What still runs when main has ended: callbacks, cancelled tasks, and what those leave behind."""
import asyncio
from asyncio import CancelledError, create_task, get_running_loop, sleep


def chain(name, n):
    print(name, n)
    if n < 20:
        loop.call_soon(chain, name, n + 1)


async def leftover(name, turns):
    try:
        await sleep(10)
    except CancelledError:
        print(name, 'cancelled')
        for turn in range(turns):
            await sleep(0)
            print(name, 'cleans up', turn)
        raise


async def fails():
    try:
        await sleep(10)
    except CancelledError:
        raise ValueError('in the clean-up')


async def callbacks_only():
    global loop
    loop = get_running_loop()
    loop.call_soon(chain, 'alone', 0)
    return 'main ends'


async def with_tasks():
    global loop
    loop = get_running_loop()
    loop.set_exception_handler(
        lambda loop, context: print(context['message'], '|', context['exception'], '|', *sorted(context))
    )
    keep.append(create_task(leftover('a', 1)))
    keep.append(create_task(fails()))
    await sleep(0)
    loop.call_soon(chain, 'beside', 0)
    return 'main ends'


async def unstarted():
    keep.append(create_task(leftover('never', 0)))
    return 'main ends'


keep = []
for main in callbacks_only, with_tasks, unstarted:
    print(asyncio.run(main()))
    print(*(task.done() for task in keep))
    print(loop.is_closed())
