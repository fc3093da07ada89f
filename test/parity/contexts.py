"""Context variables: what tasks, callbacks and their children see, and keep to themselves."""
import asyncio
from asyncio import create_task, gather, sleep
from contextvars import ContextVar, copy_context

word = ContextVar('word', default='nothing')


async def child(name):
    print(name, 'begins with', word.get())
    word.set(name)
    await sleep(0)
    print(name, 'goes on with', word.get())


async def same_task():
    word.set('from below')
    await sleep(0)


async def main():
    loop = asyncio.get_running_loop()
    print(word.get())
    token = word.set('main')
    task = create_task(child('a'))
    word.set('later')
    await task
    print('main has', word.get())
    await gather(child('b'), child('c'))
    print('main has', word.get())
    await same_task()
    print('main has', word.get())

    def callback(name):
        print(name, word.get())
        word.set(name)

    loop.call_soon(callback, 'soon')
    word.set('changed')
    await sleep(0)
    print('main has', word.get())
    context = copy_context()
    context.run(word.set, 'in a copy')
    loop.call_soon(callback, 'in that context', context=context)
    await sleep(0)
    print('main has', word.get(), context[word])
    await create_task(child('d'), context=context)
    print('the context has', context[word])
    word.reset(token)
    print('main has', word.get())

    future = loop.create_future()
    word.set('when asked')
    future.add_done_callback(lambda f: print('done', word.get()))
    word.set('when set')
    future.set_result(None)
    await sleep(0)


asyncio.run(main())
