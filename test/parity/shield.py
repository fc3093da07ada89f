"""shield(): a cancel that stops at it, and one that comes from inside."""
import asyncio
from asyncio import CancelledError, create_task, shield, sleep


async def work(name, turns):
    try:
        for turn in range(turns):
            print(name, turn)
            await sleep(0)
        print(name, 'ends')
        return name
    except CancelledError:
        print(name, 'cancelled')
        raise


async def waits(inner):
    try:
        print('has', await shield(inner))
    except CancelledError:
        print('the outer is cancelled', inner.cancelled())
        raise


async def main():
    inner = create_task(work('a', 4))
    outer = create_task(waits(inner))
    await sleep(0)
    await sleep(0)
    print('cancel', outer.cancel())
    for turn in range(4):
        print('turn', turn, outer.done(), inner.done())
        await sleep(0)
    print(outer.cancelled(), await inner)

    inner = create_task(work('b', 9))
    outer = create_task(waits(inner))
    await sleep(0)
    await sleep(0)
    inner.cancel()
    for turn in range(4):
        print('turn', turn, outer.done(), inner.done())
        await sleep(0)

    inner = create_task(work('c', 1))
    print(await shield(inner), await shield(inner))
    twice = shield(shield(create_task(work('d', 2))))
    print(await twice)


asyncio.run(main())
