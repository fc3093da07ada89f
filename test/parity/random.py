"""Runs the programs of a file, one a line, in virtual time; prints their order of steps."""
import asyncio
import heapq
import json
import sys


class Timer(asyncio.TimerHandle):
    """Of those that are due together, the older one comes first; asyncio leaves that to its heap."""

    made = 0

    def __init__(self, *args):
        super().__init__(*args)
        Timer.made += 1
        self.number = Timer.made

    __hash__ = asyncio.TimerHandle.__hash__

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class Loop(asyncio.SelectorEventLoop):
    """Its time jumps to the next timer when all wait."""

    def __init__(self):
        self.now = 0.0
        super().__init__()
        self.ask = self._selector.select
        self._selector.select = self.jump

    def time(self):
        return self.now

    def jump(self, timeout):
        if timeout:
            self.now += timeout
        return self.ask(0)

    def call_at(self, when, callback, *args, context=None):
        timer = Timer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer


class InOrder(dict):
    """A set that is iterated over in order: a task group cancels in the order of its set."""

    def add(self, item):
        self[item] = True

    def discard(self, item):
        self.pop(item, None)


class Failure(Exception):
    pass


def name(error):
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__}[{', '.join(map(name, error.exceptions))}]"
    return type(error).__name__


class World:
    def __init__(self):
        self.tasks = []
        self.all = []
        self.children = {}
        self.locks = [asyncio.Lock(), asyncio.Semaphore(2)]
        self.events = [asyncio.Event(), asyncio.Event()]
        self.queues = [asyncio.Queue(1), asyncio.Queue()]
        self.conditions = [asyncio.Condition(), asyncio.Condition(self.locks[0])]

    def log(self, *words):
        print(f'{asyncio.get_running_loop().time():g}', *words)

    def child(self, me):
        self.children[me] = self.children.get(me, 0) + 1
        return f'{me}.{self.children[me]}'

    async def task(self, me, block):
        self.all.append(asyncio.current_task())
        self.log(me, 'begins')
        try:
            await self.run(me, block)
        except BaseException as error:
            self.log(me, 'ends by', name(error))
            raise
        self.log(me, 'ends')
        return me

    def coros(self, me, blocks):
        return [self.task(self.child(me), block) for block in blocks]

    async def run(self, me, block):
        for step in block:
            await getattr(self, 'do_' + step['do'])(me, step)

    async def do_sleep(self, me, step):
        await asyncio.sleep(step['time'] / 4)
        self.log(me, 'slept')

    async def do_fail(self, me, step):
        raise Failure

    async def do_lock(self, me, step):
        async with self.locks[step['n']]:
            self.log(me, 'has', step['n'])
            await self.run(me, step['block'])
        self.log(me, 'had', step['n'])

    async def do_wait_event(self, me, step):
        await self.events[step['n']].wait()
        self.log(me, 'event', step['n'])

    async def do_set_event(self, me, step):
        self.events[step['n']].set()

    async def do_clear_event(self, me, step):
        self.events[step['n']].clear()

    async def do_wait_condition(self, me, step):
        condition = self.conditions[step['n']]
        async with condition:
            await condition.wait()
            self.log(me, 'notified', step['n'])

    async def do_notify(self, me, step):
        condition = self.conditions[step['n']]
        async with condition:
            condition.notify()

    async def do_put(self, me, step):
        await self.queues[step['n']].put(me)
        self.log(me, 'put', step['n'])

    async def do_get(self, me, step):
        self.log(me, 'got', await self.queues[step['n']].get())

    async def do_timeout(self, me, step):
        try:
            async with asyncio.timeout(step['time'] / 4):
                await self.run(me, step['block'])
        except TimeoutError:
            self.log(me, 'too late')

    async def do_wait_for(self, me, step):
        try:
            await asyncio.wait_for(self.run(me, step['block']), step['time'] / 4)
        except TimeoutError:
            self.log(me, 'too late')

    async def do_wait_for_task(self, me, step):
        task = asyncio.create_task(self.task(self.child(me), step['block']))
        try:
            await asyncio.wait_for(task, step['time'] / 4)
        except TimeoutError:
            self.log(me, 'too late')

    async def do_catch(self, me, step):
        try:
            await self.run(me, step['block'])
        except Exception as error:
            self.log(me, 'caught', name(error), asyncio.current_task().cancelling())

    async def do_refuse(self, me, step):
        try:
            await self.run(me, step['block'])
        except asyncio.CancelledError:
            self.log(me, 'refused', asyncio.current_task().uncancel())

    async def do_finally(self, me, step):
        try:
            await self.run(me, step['block'])
        finally:
            self.log(me, 'cleans up')
            await asyncio.sleep(step['time'] / 4)
            self.log(me, 'cleaned up')

    async def do_shield(self, me, step):
        await asyncio.shield(self.task(self.child(me), step['block']))

    async def do_group(self, me, step):
        async with asyncio.TaskGroup() as group:
            group._tasks = InOrder()
            for coro in self.coros(me, step['blocks'][1:]):
                group.create_task(coro)
            await self.run(me, step['blocks'][0])
        self.log(me, 'left the group')

    async def do_gather(self, me, step):
        results = await asyncio.gather(*self.coros(me, step['blocks']))
        self.log(me, 'gathered', *results)

    async def do_gather_all(self, me, step):
        results = await asyncio.gather(*self.coros(me, step['blocks']), return_exceptions=True)
        self.log(me, 'gathered', *[r if isinstance(r, str) else name(r) for r in results])

    async def do_wait(self, me, step):
        tasks = [asyncio.create_task(coro) for coro in self.coros(me, step['blocks'])]
        done, pending = await asyncio.wait(
            tasks, timeout=step['time'], return_when=step['until'])
        self.log(me, 'waited', len(done), len(pending))

    async def do_as_completed(self, me, step):
        tasks = [asyncio.create_task(coro) for coro in self.coros(me, step['blocks'])]
        for next in asyncio.as_completed(tasks, timeout=step['time']):
            try:
                self.log(me, 'completed', await next)
            except Exception as error:
                self.log(me, 'completed by', name(error))

    async def do_spawn(self, me, step):
        asyncio.create_task(self.task(self.child(me), step['block']))

    async def do_cancel(self, me, step):
        tasks = self.tasks
        self.log(me, 'cancels', step['n'], tasks[step['n'] % len(tasks)].cancel())

    async def do_await(self, me, step):
        # Only earlier ones, and not by itself: nobody awaits himself.
        number = int(me.split('.')[0])
        if number > 0:
            self.log(me, 'awaited', await self.tasks[step['n'] % number])


async def main(program):
    world = World()
    for n, block in enumerate(program):
        world.tasks.append(asyncio.create_task(world.task(str(n), block)))
    await asyncio.sleep(20)
    while left := [task for task in world.all if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.sleep(1)
    for n, task in enumerate(world.tasks):
        ending = 'cancelled' if task.cancelled() else name(task.exception())
        print('task', n, ending, task.cancelling())
    for task in world.all:
        task.cancelled() or task.exception()


with open(sys.argv[1]) as file:
    programs = [json.loads(line) for line in file]
for number, program in enumerate(programs):
    print('program', number)
    loop = Loop()
    loop.set_debug(len(sys.argv) > 2 and sys.argv[2] == 'debug')
    loop.slow_callback_duration = 100
    loop.set_exception_handler(
        lambda loop, context: print('reported', name(context['exception'])))
    loop.run_until_complete(main(program))
    loop.close()
