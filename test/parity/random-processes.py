"""Runs the programs of a file, one a line, with pipes and child processes; prints what came of each."""
import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

TURNS = 60
STREAMS = {'PIPE': PIPE, 'STDOUT': STDOUT, 'DEVNULL': DEVNULL}


def show(*words):
    print(*words)


class Shown(logging.Handler):
    def emit(self, record):
        show('logged', record.getMessage().split('\n')[0].split('<')[0].split('(')[0].strip())


logging.getLogger('asyncio').addHandler(Shown())
logging.getLogger('asyncio').propagate = False


class Failure(Exception):
    pass


def name(error):
    return 'None' if error is None else type(error).__name__


def digest(data):
    return 'None' if data is None else f'{len(data)}:{sum(data) % 9973}'


LETTERS = bytes(97 + n % 23 for n in range(65521))


class Bytes:
    """Letters, from one of them on."""

    def __init__(self, start):
        self.at = start

    def next(self, size):
        data = LETTERS * (1 + (self.at + size) // len(LETTERS))
        data = data[self.at:self.at + size]
        self.at = (self.at + size) % len(LETTERS)
        return data


async def settle():
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Told:
    """What a protocol is told; what it does of itself then is in the program."""

    def __init__(self, stage, reactions):
        self.stage = stage
        self.reactions = reactions
        self.received = 0

    def show(self, *words):
        if self.received:
            show('received', self.received)
            self.received = 0
        show(*words)

    def react(self, event):
        steps = self.reactions.get(event)
        if not steps:
            return
        step = steps.pop(0)
        if step['do'] == 'fail':
            raise Failure
        self.stage.act(step)

    def connection_made(self, transport):
        self.stage.transport = transport
        self.show('made')
        self.react('made')

    def connection_lost(self, error):
        self.show('lost', name(error))
        self.react('lost')

    def pause_writing(self):
        self.show('pause')
        self.react('pause')

    def resume_writing(self):
        self.show('resume')
        self.react('resume')

    def eof_received(self):
        self.show('eof')
        self.react('eof')

    def data_received(self, data):
        self.received += len(data)
        self.react('data')


class Reader(Told, asyncio.Protocol):
    pass


class Writer(Told, asyncio.BaseProtocol):
    pass


class PipeStage:
    """A transport on one end of a pipe; the other one is a plain descriptor."""

    def __init__(self, program):
        self.program = program
        self.data = Bytes(program['start'])
        self.open = True

    async def run(self):
        loop = asyncio.get_running_loop()
        from_, to = os.pipe()
        writes = self.program['kind'] == 'writer'
        self.told = (Writer if writes else Reader)(self, self.program['reactions'])
        if writes:
            self.peer = from_
            await loop.connect_write_pipe(lambda: self.told, os.fdopen(to, 'wb', 0))
        else:
            self.peer = to
            await loop.connect_read_pipe(lambda: self.told, os.fdopen(from_, 'rb', 0))
        os.set_blocking(self.peer, False)
        for together in self.program['steps']:
            show('-', *(step['do'] for step in together))
            for step in together:
                self.do(step)
            await settle()
            transport = self.transport
            self.told.show('closing' if transport.is_closing() else 'open')
            if writes:
                show('waits' if transport.get_write_buffer_size() else 'empty')
            else:
                show('reading' if transport.is_reading() else 'not reading')
        if self.open:
            os.close(self.peer)
        await settle()
        self.transport.close()
        await settle()
        self.told.show('end')

    def do(self, step):
        what = step['do']
        if not what.startswith('peer'):
            return self.act(step)
        if not self.open:
            return
        if what == 'peer_close':
            self.open = False
            os.close(self.peer)
        elif what == 'peer_receive':
            self.receive(step['n'])
        elif step['n']:
            try:
                show('peer sent', os.write(self.peer, self.data.next(step['n'])))
            except OSError as error:
                show('peer failed', name(error))

    def receive(self, size):
        got = 0
        try:
            while got < size:
                data = os.read(self.peer, size - got)
                if not data:
                    return show('peer got', got, 'and the end')
                got += len(data)
            show('peer got', got)
        except BlockingIOError:
            show('peer got', 'some' if got else 'nothing')

    def act(self, step):
        transport, what, size = self.transport, step['do'], step.get('n', 0)
        if what == 'abort' and transport.is_closing() and not transport.get_write_buffer_size():
            return  # CPython stumbles over that
        if what == 'write':
            transport.write(self.data.next(size))
        elif what == 'writelines':
            transport.writelines([self.data.next(size), self.data.next(step['m'])])
        elif what == 'limits':
            transport.set_write_buffer_limits(size)
        elif what == 'pause':
            transport.pause_reading()
        elif what == 'resume':
            transport.resume_reading()
        else:
            getattr(transport, what)()


def script(orders):
    """What a child does, in the language of the shell."""
    lines = ['trap "" PIPE']
    for order in orders:
        what, size = order['do'], order.get('n', 0)
        if what == 'out':
            lines.append(f'(printf %0{size}d 0) 2> /dev/null' if size else ':')
        elif what == 'err':
            lines.append(f'(exec >&2 2> /dev/null; printf %0{size}d 0)' if size else ':')
        elif what == 'read':
            lines.append(f'head -c {size} > /dev/null 2> /dev/null')
        elif what == 'cat':
            lines.append('cat 2> /dev/null')
        elif what == 'close_out':
            lines.append('exec >&-')
        elif what == 'close_err':
            lines.append('exec 2>&-')
        elif what == 'close_in':
            lines.append('exec <&-')
        elif what == 'exit':
            lines.append(f'exit {size}')
        else:
            lines.append(f'kill -{order["signal"][3:]} $$')
    return '\n'.join(lines)


class Child(asyncio.SubprocessProtocol):
    def __init__(self, done):
        self.done = done
        self.data = {1: b'', 2: b''}
        self.lost = []
        self.exited = False

    def connection_made(self, transport):
        self.transport = transport
        show('made')

    def pipe_data_received(self, fd, data):
        self.data[fd] += data

    def pipe_connection_lost(self, fd, error):
        self.lost.append(fd)

    def process_exited(self):
        self.exited = True

    def connection_lost(self, error):
        show('lost', name(error), 'exited' if self.exited else 'runs', *sorted(self.lost))
        self.done.set_result(None)


async def run_script(program):
    data = Bytes(program['start']).next(program['input'])
    streams = {key: STREAMS[program[key]] for key in ('stdin', 'stdout', 'stderr')}
    text = script(program['orders'])
    if program['how'] == 'protocol':
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        transport, child = await loop.subprocess_exec(lambda: Child(done), 'sh', '-c', text, **streams)
        stdin = transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.write(data)
            stdin.write_eof()
        await done
        show(digest(child.data[1]), digest(child.data[2]), transport.get_returncode())
        transport.close()
        return
    streams['limit'] = program['limit']
    if program['how'] == 'shell':
        child = await asyncio.create_subprocess_shell(text, **streams)
    else:
        child = await asyncio.create_subprocess_exec('sh', '-c', text, **streams)
    # CPython before 3.12 does not take an input that goes nowhere.
    stdout, stderr = await child.communicate(data if child.stdin else None)
    show(digest(stdout), digest(stderr), child.returncode, await child.wait())


# Obeys one line after another.
TALKER = '''
while read what n; do
  case $what in
    out) if [ $n != 0 ]; then printf %0${n}d 0; fi;;
    err) if [ $n != 0 ]; then printf %0${n}d 0 >&2; fi;;
    line) if [ $n != 0 ]; then printf %0${n}d 0; fi; echo;;
    exit) exit $n;;
  esac
done
echo bye
'''


async def cancelled(aw):
    task = asyncio.ensure_future(aw)
    await settle()
    task.cancel()
    try:
        return 'done', await task
    except asyncio.CancelledError:
        return 'cancelled',


async def run_talk(program):
    merged = program['merged']
    child = await asyncio.create_subprocess_exec(
        'sh', '-c', TALKER, stdin=PIPE, stdout=PIPE, stderr=STDOUT if merged else PIPE,
        limit=program['limit'])
    errors = child.stdout if merged else child.stderr
    for step in program['steps']:
        what, size = step['do'], step.get('n', 0)
        if what in ('out', 'err', 'line'):
            child.stdin.write(f'{what} {size}\n'.encode())
            await child.stdin.drain()
        if what == 'out':
            show(what, digest(await child.stdout.readexactly(size)))
        elif what == 'err':
            show(what, digest(await errors.readexactly(size)))
        elif what == 'line':
            show(what, digest(await child.stdout.readline()))
        elif what == 'cancel_read':
            show(what, *await cancelled(child.stdout.read(10)))
        elif what == 'cancel_wait':
            show(what, *await cancelled(child.wait()))
        elif what == 'wait_for':
            try:
                await asyncio.wait_for(child.wait(), 0.01)
            except asyncio.TimeoutError:
                show(what, 'TimeoutError')
        else:
            show(what, child.returncode)
    ending = program['ending']
    what = ending['do']
    if what == 'exit':
        child.stdin.write(f'exit {ending["n"]}\n'.encode())
    elif what == 'send_signal':
        child.send_signal(getattr(signal, ending['signal']))
    elif what == 'close_stdin':
        child.stdin.close()
        await child.stdin.wait_closed()
    elif what == 'communicate':
        stdout, stderr = await child.communicate(f'out {ending["n"]}\n'.encode())
        show(digest(stdout), digest(stderr))
    else:
        getattr(child, what)()
    show(what, await child.wait(), child.returncode)
    if what != 'communicate':
        show(digest(await child.stdout.read()))
    await settle()
    try:
        child.kill()
        show('killed')
    except ProcessLookupError:
        show('gone')


async def main():
    with open(sys.argv[1]) as file:
        for number, line in enumerate(file):
            program = json.loads(line)
            show(f'# {number} {program["kind"]}')
            if program['kind'] == 'script':
                await run_script(program)
            elif program['kind'] == 'talk':
                await run_talk(program)
            else:
                await PipeStage(program).run()


asyncio.run(main())
