"""Task groups: the order in which their tasks begin and end, and groups within groups."""
import asyncio
from asyncio import TaskGroup, sleep


async def child(name, turns):
    for turn in range(turns):
        print(name, turn)
        await sleep(0)
    print(name, 'ends')
    return name


async def main():
    async with TaskGroup() as group:
        a = group.create_task(child('a', 3))
        b = group.create_task(child('b', 1))
        print('body', a.done(), b.done())
    print('left', a.result(), b.result())

    async with TaskGroup() as outer:
        outer.create_task(child('c', 4))
        async with TaskGroup() as inner:
            inner.create_task(child('d', 2))
            print('inner body')
        print('inner left')
        outer.create_task(child('e', 1))
        await sleep(0)
        print('outer body')
    print('outer left')

    async with TaskGroup():
        print('empty')
    print('empty left')

    async def spawns(group, depth):
        print('spawns', depth)
        if depth:
            group.create_task(spawns(group, depth - 1))
        await sleep(0)
        print('spawned', depth)

    async with TaskGroup() as group:
        group.create_task(spawns(group, 3))
    print('all left')


asyncio.run(main())
