"""A barrier: all wait for the last; who comes while it empties waits outside. After a cancel, numbers repeat in Python."""
import asyncio
from asyncio import Barrier, BrokenBarrierError, CancelledError, create_task, sleep


async def party(name, barrier, rounds=1, numbered=True):
    for round in range(rounds):
        try:
            index = await barrier.wait()
            print(name, round, 'index', index if numbered else '?', barrier.n_waiting, barrier.broken)
        except BrokenBarrierError as error:
            print(name, round, 'broken:', error, barrier.n_waiting, barrier.broken)
        except CancelledError:
            print(name, round, 'cancelled', barrier.n_waiting, barrier.broken)
            raise


async def turns(count, barrier):
    for turn in range(count):
        await sleep(0)
        print('turn', turn, barrier.n_waiting, barrier.broken)


async def main():
    barrier = Barrier(3)
    print(barrier.parties, barrier.n_waiting, barrier.broken)
    tasks = [create_task(party(name, barrier, 3)) for name in 'abc']
    for task in tasks:
        await task

    print('-- one is cancelled while it fills, another takes its place')
    tasks = [create_task(party(name, barrier, 1, False)) for name in 'ab']
    await turns(1, barrier)
    tasks[0].cancel()
    await turns(2, barrier)
    tasks += [create_task(party(name, barrier, 1, False)) for name in 'cd']
    await turns(5, barrier)

    print('-- reset')
    tasks = [create_task(party(name, barrier, 2)) for name in 'ab']
    await turns(1, barrier)
    await barrier.reset()
    await turns(6, barrier)
    tasks.append(create_task(party('c', barrier)))
    await turns(6, barrier)

    print('-- aborted')
    tasks = [create_task(party(name, barrier)) for name in 'ab']
    await turns(1, barrier)
    await barrier.abort()
    tasks.append(create_task(party('late', barrier)))
    await turns(6, barrier)
    await barrier.reset()
    tasks = [create_task(party(name, barrier)) for name in 'abc']
    await turns(6, barrier)
    try:
        Barrier(0)
    except ValueError as error:
        print(error)


asyncio.run(main())
