"""Tasks that cancel themselves: at the next wait, on what is done, at the end, on another task."""
import asyncio
from asyncio import CancelledError, create_task, current_task, sleep


async def before_a_wait():
    current_task().cancel('self')
    print('still here')
    await sleep(10)


async def before_what_is_done():
    done = asyncio.get_running_loop().create_future()
    done.set_result('done')
    current_task().cancel('self')
    print('got', await done)
    await sleep(0)
    print('not reached')


async def at_the_end():
    current_task().cancel('self')
    return 'lost'


async def at_the_end_by_an_error():
    current_task().cancel('self')
    raise ValueError('kept')


async def before_a_task():
    async def inner():
        try:
            await sleep(10)
        except CancelledError as error:
            print('inner cancelled', error)
            return 'refused'

    task = create_task(inner())
    await sleep(0)
    current_task().cancel('self')
    print('goes on with', await task)
    await sleep(0)
    return 'went on'


async def main():
    for body in before_a_wait, before_what_is_done, at_the_end, at_the_end_by_an_error, before_a_task:
        task = create_task(body())
        for turn in range(3):
            print('turn', turn, task.done())
            await sleep(0)
        try:
            print('main has', await task)
        except CancelledError as error:
            print('main saw cancelled', error)
        except ValueError as error:
            print('main saw', error)
        print(task.cancelled(), task.cancelling())


asyncio.run(main())
