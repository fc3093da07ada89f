"""wait(): who is done when it returns, by each of the three conditions."""
import asyncio
from asyncio import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, create_task, sleep, wait


async def child(name, turns, error=None):
    for turn in range(turns):
        await sleep(0)
    print(name, 'ends')
    if error:
        raise error
    return name


def names(tasks):
    return ' '.join(sorted(task.get_name() for task in tasks)) or '-'


async def show(condition, **errors):
    tasks = [create_task(child(name, turns, errors.get(name)), name=name)
             for name, turns in (('a', 1), ('b', 3), ('c', 1), ('d', 6))]
    done, pending = await wait(tasks, return_when=condition)
    print(condition, 'done', names(done), 'pending', names(pending))
    if pending:
        done, pending = await wait(pending)
        print('then', names(done), names(pending))
    for task in tasks:
        print(task.get_name(), task.exception())


async def main():
    await show(FIRST_COMPLETED)
    await show(FIRST_EXCEPTION, b=RuntimeError('boom'))
    await show(FIRST_EXCEPTION)
    await show(ALL_COMPLETED, a=RuntimeError('boom'))
    task = create_task(sleep(10), name='slow')
    done, pending = await wait([task], timeout=0.01)
    print(names(done), names(pending), task.done())
    task.cancel()
    done, pending = await wait([task])
    print(names(done), names(pending), task.cancelled())
    waiting = create_task(wait([create_task(sleep(10), name='left')]))
    await sleep(0)
    await sleep(0)
    waiting.cancel()
    await wait([waiting])
    print(waiting.cancelled(), names(t for t in asyncio.all_tasks() if t.get_name() == 'left'))


asyncio.run(main())
