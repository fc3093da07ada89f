"""Seven programs whose order of steps a loop must reproduce; each prints one line."""
import asyncio
from asyncio import create_task, sleep

log = []


def p(*words):
    log.append(' '.join(map(str, words)))


async def walker(name, steps=3):
    for step in range(steps):
        p(name, step)
        await sleep(0)
    return name


async def deep(name):
    async def l3():
        await sleep(0)
        p(name, 'l3')
        return 1

    async def l2():
        result = await l3()
        p(name, 'l2')
        return result

    async def l1():
        result = await l2()
        p(name, 'l1')
        return result

    result = await l1()
    p(name, 'done')
    return result


async def two_tasks():
    a = create_task(walker('a'))
    b = create_task(walker('b'))
    p('main')
    await a
    p('a done')
    await b
    p('b done')


async def callbacks_between_steps():
    loop = asyncio.get_running_loop()
    loop.call_soon(p, 's1')
    task = create_task(walker('t'))
    loop.call_soon(p, 's2')
    await sleep(0)
    p('m1')
    await sleep(0)
    p('m2')
    loop.call_soon(p, 's3')
    await task
    p('end')


async def two_waiters():
    future = asyncio.get_running_loop().create_future()

    async def wait(name):
        p(name, 'wait')
        result = await future
        p(name, 'got', result)
        await sleep(0)
        p(name, 'after')

    a = create_task(wait('a'))
    b = create_task(wait('b'))
    future.add_done_callback(lambda _: p('cb'))
    await sleep(0)
    p('set')
    future.set_result(7)
    future.add_done_callback(lambda _: p('late cb'))
    p('x')
    await sleep(0)
    p('y')
    await a
    p('z')
    await b
    p('end')


async def coroutines_in_coroutines():
    a = create_task(deep('a'))
    b = create_task(deep('b'))
    c = create_task(walker('c', 4))
    p('m')
    await a
    p('A')
    await b
    p('B')
    await c
    p('C')


async def cancelled_while_asleep():
    async def victim(name):
        try:
            p(name, 'start')
            await sleep(100)
        except asyncio.CancelledError:
            p(name, 'cancelled')
            await sleep(0)
            p(name, 'cleanup')
            raise
        finally:
            p(name, 'finally')

    task = create_task(victim('v'))
    other = create_task(walker('o', 4))
    await sleep(0)
    p('cancel')
    task.cancel()
    p('after cancel')
    try:
        await task
    except asyncio.CancelledError:
        p('main saw')
    await other
    p('end')


async def timer_that_is_due():
    loop = asyncio.get_running_loop()
    loop.call_later(0, p, 'later0')
    loop.call_soon(p, 'soon')

    def nest():
        p('nest')
        loop.call_soon(p, 'nested')

    loop.call_soon(nest)
    await sleep(0)
    p('m')
    await sleep(0)
    p('m2')
    await sleep(0)
    p('m3')


async def cancelled_before_it_begins():
    async def never():
        p('never runs')

    task = create_task(never())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        p('cancelled before start')

    async def outer():
        inner = create_task(walker('in', 2))
        result = await inner
        p('outer', result)
        return 'o'

    result = await create_task(outer())
    p(result)


programs = [
    two_tasks,
    callbacks_between_steps,
    two_waiters,
    coroutines_in_coroutines,
    cancelled_while_asleep,
    timer_that_is_due,
    cancelled_before_it_begins,
]
for number, program in enumerate(programs, 1):
    log.clear()
    asyncio.run(program())
    print(number, '|'.join(log))
