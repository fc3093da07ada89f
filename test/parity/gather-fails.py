"""gather(): a child that fails or is cancelled, and what the others do."""
import asyncio
from asyncio import CancelledError, create_task, gather, sleep


async def child(name, turns, error=None):
    try:
        for turn in range(turns):
            await sleep(0)
        if error:
            raise error
        print(name, 'ends')
        return name
    except CancelledError:
        print(name, 'cancelled')
        raise


async def main():
    try:
        await gather(child('a', 1, RuntimeError('boom')), child('b', 4), child('c', 2))
    except RuntimeError as error:
        print('main saw', error)
    for turn in range(5):
        await sleep(0)

    outcomes = await gather(
        child('d', 1, RuntimeError('first')), child('e', 2), child('f', 0, TypeError('second')),
        return_exceptions=True)
    print(*(str(outcome) for outcome in outcomes))

    slow = create_task(child('g', 9))
    whole = gather(slow, child('h', 9))
    await sleep(0)
    print('cancel', slow.cancel())
    try:
        await whole
    except CancelledError:
        print('whole ends cancelled', whole.cancelled(), slow.cancelled())

    whole = gather(child('i', 9), child('j', 9))
    await sleep(0)
    print('cancel', whole.cancel())
    try:
        await whole
    except CancelledError:
        print('cancelled')
    whole = gather(child('k', 9), child('l', 9), return_exceptions=True)
    waits = create_task(child_of(whole))
    await sleep(0)
    await sleep(0)
    print('cancel', waits.cancel())
    await waits


async def child_of(whole):
    try:
        await whole
    except CancelledError:
        print('the one that waits is cancelled')


asyncio.run(main())
