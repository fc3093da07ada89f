"""A cancel goes down to the innermost task, and comes up through all; or one of them refuses."""
import asyncio
from asyncio import CancelledError, create_task, sleep


async def layer(name, inner, refuses):
    try:
        result = await inner
        print(name, 'has', result)
        return name
    except CancelledError as error:
        print(name, 'cancelled', error)
        if refuses != name:
            raise
        print(name, 'refuses')
        return 'refused by ' + name


async def tower(refuses):
    deep = create_task(layer('deep', sleep(10), refuses))
    middle = create_task(layer('middle', deep, refuses))
    top = create_task(layer('top', middle, refuses))
    for _ in range(3):
        await sleep(0)
    print('asked', top.cancel('all the way'))
    for turn in range(5):
        print('turn', turn, deep.done(), middle.done(), top.done())
        await sleep(0)
    print('cancelled', deep.cancelled(), middle.cancelled(), top.cancelled())
    print('cancelling', deep.cancelling(), middle.cancelling(), top.cancelling())


async def main():
    for refuses in 'nobody', 'deep', 'middle', 'top':
        print('-- refuses:', refuses)
        await tower(refuses)


asyncio.run(main())
