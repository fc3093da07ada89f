"""What Ctrl-C does to a program, by what its main does with the cancel; and what a raised one does."""
import asyncio
import os
import signal
from asyncio import CancelledError, create_task, current_task, get_running_loop, sleep

# A shell may have started us with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


async def passes_it_on():
    get_running_loop().call_later(0.01, interrupt)
    try:
        await sleep(10)
    except CancelledError:
        print('main cancelled', current_task().cancelling())
        raise


async def waits_for_a_future():
    future = get_running_loop().create_future()
    get_running_loop().call_later(0.01, interrupt)
    try:
        await future
    except CancelledError:
        print('future cancelled', future.cancelled())
        raise CancelledError


async def takes_turns():
    get_running_loop().call_later(0.01, interrupt)
    try:
        while True:
            await sleep(0)
    except CancelledError:
        print('cancelled between turns')
        raise CancelledError


async def swallows_it():
    get_running_loop().call_later(0.01, interrupt)
    try:
        await sleep(10)
    except CancelledError:
        print('swallowed')
    await sleep(0.01)
    return 'result'


async def fails_with_something_else():
    get_running_loop().call_later(0.01, interrupt)
    try:
        await sleep(10)
    except CancelledError:
        raise ValueError('something else')


async def is_cancelled_by_others_too():
    main = current_task()

    def both():
        main.cancel('others')
        interrupt()

    get_running_loop().call_later(0.01, both)
    try:
        await sleep(10)
    finally:
        # Node hears of a signal later than Python.
        while main.cancelling() < 2:
            try:
                await sleep(0.001)
            except CancelledError:
                pass
        print('cancelled twice')


async def interrupted_twice():
    get_running_loop().call_later(0.01, interrupt)
    try:
        await sleep(10)
    except CancelledError:
        print('cleans up')
        get_running_loop().call_later(0.01, interrupt)
        try:
            await sleep(10)
        except CancelledError:
            print('cancelled when the loop closes')
            raise


async def leaves_a_task():
    async def other():
        try:
            await sleep(10)
        finally:
            print('other cleans up')

    keep.append(create_task(other()))
    await passes_it_on()


async def has_its_own_handler():
    loop = get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: print('handler'))
    loop.call_later(0.01, interrupt)
    await sleep(0.3)
    print('not cancelled', current_task().cancelling())
    loop.remove_signal_handler(signal.SIGINT)
    return 'result'


async def raises_in_a_task():
    async def bad():
        raise KeyboardInterrupt('by hand')

    task = create_task(bad())
    keep.append(task)
    try:
        await sleep(10)
    except CancelledError:
        print('main cancelled when the loop closes')
        print(repr(task.exception()))
        raise


async def exits_in_a_callback():
    def bad():
        raise SystemExit(4)

    get_running_loop().call_soon(bad)
    get_running_loop().call_soon(print, 'the rest of the turn')
    try:
        await sleep(10)
    except CancelledError:
        print('main cancelled when the loop closes')
        raise


async def exits():
    raise SystemExit(3)


keep = []


def see(name, body):
    print('--', name)
    try:
        print('has', asyncio.run(body()))
    except ValueError as error:
        print('raises ValueError', error)
    except CancelledError as error:
        print('raises CancelledError', error)
    except KeyboardInterrupt as error:
        print('raises KeyboardInterrupt', error)
    except SystemExit as error:
        print('raises SystemExit', error.code)
    print(*(task.done() for task in keep))
    keep.clear()


see('passes it on', passes_it_on)
see('waits for a future', waits_for_a_future)
see('takes turns', takes_turns)
see('swallows it', swallows_it)
see('fails with something else', fails_with_something_else)
see('is cancelled by others too', is_cancelled_by_others_too)
see('interrupted twice', interrupted_twice)
see('leaves a task', leaves_a_task)
see('has its own handler', has_its_own_handler)
see('raises in a task', raises_in_a_task)
see('exits in a callback', exits_in_a_callback)
see('exits', exits)
