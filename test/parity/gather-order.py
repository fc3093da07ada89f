"""gather(): the order in which its children run, end, and are told of."""
import asyncio
from asyncio import gather, sleep


async def child(name, turns):
    for turn in range(turns):
        print(name, turn)
        await sleep(0)
    print(name, 'ends')
    return name


async def main():
    print(*await gather(child('a', 3), child('b', 1), child('c', 2)))
    whole = gather(child('d', 1), gather(child('e', 2), child('f', 0)))
    whole.add_done_callback(lambda future: print('whole done', future.done()))
    print('made', whole.done())
    d, (e, f) = await whole
    print(d, e, f)
    same = child('g', 1)
    print(*await gather(same, same))
    print(len(await gather()))


asyncio.run(main())
