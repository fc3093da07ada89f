"""An event: all who wait go on, in order, even if it is cleared before their turn."""
import asyncio
from asyncio import CancelledError, Event, create_task, sleep


async def waiter(name, event):
    try:
        print(name, await event.wait(), event.is_set())
    except CancelledError:
        print(name, 'cancelled', event.is_set())
        raise


async def turns(count):
    for turn in range(count):
        print('turn', turn)
        await sleep(0)


async def main():
    event = Event()
    tasks = [create_task(waiter(name, event)) for name in 'abc']
    await sleep(0)
    event.set()
    event.clear()
    late = create_task(waiter('late', event))
    await turns(3)
    event.set()
    event.set()
    await waiter('main', event)
    await turns(2)

    print('-- cancelled with the set')
    event.clear()
    tasks = [create_task(waiter(name, event)) for name in 'abc']
    await sleep(0)
    tasks[0].cancel()
    event.set()
    tasks[1].cancel()
    await turns(2)
    print([task.cancelled() for task in tasks])


asyncio.run(main())
