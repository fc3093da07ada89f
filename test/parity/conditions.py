"""A condition: who is notified goes on when he has the lock, in the order of waiting."""
import asyncio
from asyncio import Condition, create_task, sleep


async def waiter(name, condition):
    async with condition:
        print(name, 'waits')
        print(name, await condition.wait())
        await sleep(0)
        print(name, 'leaves')


async def taker(name, condition, items):
    async with condition:
        await condition.wait_for(lambda: items)
        print(name, 'takes', items.pop(0), len(items))


async def main():
    condition = Condition()
    tasks = [create_task(waiter(name, condition)) for name in 'abcd']
    await sleep(0)
    async with condition:
        condition.notify()
        print('notified one', condition.locked())
        await sleep(0)
        print('releases')
    for turn in range(4):
        print('turn', turn, condition.locked())
        await sleep(0)
    async with condition:
        condition.notify(2)
        condition.notify(0)
        print('notified two')
    late = create_task(waiter('late', condition))
    for turn in range(8):
        await sleep(0)
    async with condition:
        condition.notify_all()
    await tasks[3]
    await late

    print('-- with a predicate')
    items = []
    tasks = [create_task(taker(name, condition, items)) for name in 'abc']
    await sleep(0)
    for item in range(3):
        async with condition:
            items.append(item)
            condition.notify_all()
        await sleep(0)
    for task in tasks:
        await task

    for refused in condition.notify, condition.notify_all:
        try:
            refused()
        except RuntimeError as error:
            print(error)
    try:
        await condition.wait()
    except RuntimeError as error:
        print(error)


asyncio.run(main())
