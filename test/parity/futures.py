"""Futures: several who await one, what comes first of two outcomes, and awaits of what is done."""
import asyncio
from asyncio import CancelledError, InvalidStateError, create_task, sleep


async def waits(name, future):
    try:
        print(name, 'has', await future)
    except CancelledError:
        print(name, 'cancelled')
    except Exception as error:
        print(name, 'saw', error)


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    tasks = [create_task(waits(name, future)) for name in 'abc']
    await sleep(0)
    future.set_exception(ValueError('bad'))
    for outcome in (lambda: future.set_result(1), lambda: future.set_exception(ValueError())):
        try:
            outcome()
        except InvalidStateError as error:
            print('refused', error)
    print('cancel', future.cancel())
    for task in tasks:
        await task

    future = loop.create_future()
    first, second = (create_task(waits(name, future)) for name in 'de')
    await sleep(0)
    print('cancel', first.cancel(), future.cancelled())
    await sleep(0)
    await sleep(0)
    print(first.done(), second.done())

    done = loop.create_future()
    done.set_result('at once')
    create_task(waits('f', done))
    print('no turn', await done, await done)
    await sleep(0)

    future = loop.create_future()
    task = create_task(waits('g', future))
    await sleep(0)
    future.set_result('in time')
    print('cancel', task.cancel())
    await task
    future = loop.create_future()
    task = create_task(waits('h', future))
    await sleep(0)
    task.cancel()
    print('cancelled', future.cancelled(), future.done())
    await task

    async def of_one_another(previous):
        return (await previous) + 1

    chain = loop.create_future()
    last = chain
    for _ in range(4):
        last = create_task(of_one_another(last))
    await sleep(0)
    chain.set_result(0)
    for turn in range(6):
        print('turn', turn, last.done())
        await sleep(0)
    print(last.result())


asyncio.run(main())
