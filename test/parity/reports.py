"""What the exception handler is told, and when: of callbacks, and of the end of the program."""
import asyncio
from asyncio import CancelledError, create_task, sleep


def handler(loop, context):
    print('told', context['message'].split(' at ')[0].split('(')[0], '|', context.get('exception'))


async def fails(turns, text):
    for turn in range(turns):
        await sleep(0)
    raise RuntimeError(text)


async def fails_when_cancelled():
    try:
        await sleep(10)
    except CancelledError:
        raise RuntimeError('in the end')


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(handler)

    def throws(text):
        print('throws', text)
        raise RuntimeError(text)

    loop.call_soon(throws, 'soon')
    loop.call_soon(print, 'the next one runs')
    loop.call_later(0.001, throws, 'later')
    await sleep(0)
    await sleep(0.01)

    future = loop.create_future()
    future.add_done_callback(lambda f: throws('of a future'))
    future.add_done_callback(lambda f: print('the other callback'))
    future.set_result(None)
    await sleep(0)

    print('by hand')
    loop.call_exception_handler({'message': 'from the program', 'exception': RuntimeError('own')})

    seen = create_task(fails(0, 'seen'))
    await asyncio.wait([seen])
    print('seen', seen.exception())
    create_task(fails_when_cancelled())
    await sleep(0)
    print('main ends')


asyncio.run(main())
