"""Runs the programs of a file, one a line, on real sockets; prints what came of each step."""
import asyncio
import json
import logging
import socket
import sys

TURNS = 60


def show(*words):
    print(*words)


class Shown(logging.Handler):
    def emit(self, record):
        show('logged', record.getMessage())


logging.getLogger('asyncio').addHandler(Shown())
logging.getLogger('asyncio').propagate = False


class Failure(Exception):
    pass


def name(error):
    return 'None' if error is None else type(error).__name__


def digest(data):
    return f'{len(data)}:{sum(data) % 9973}'


def letters():
    """Letters, with a newline or a semicolon here and there."""
    state = 1
    for _ in range(65521):
        state = state * 16807 % 2147483647
        kind = state % 23
        yield 10 if kind == 0 else 59 if kind == 1 else 97 + kind


LETTERS = bytes(letters())


class Bytes:
    """The letters again and again, from one of them on."""

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


class Peer:
    """The other end: a plain socket."""

    def __init__(self, sock, data):
        self.sock = sock
        self.data = data
        self.open = True
        sock.setblocking(False)

    def close(self):
        self.open = False
        self.sock.close()

    def do(self, what, size):
        if not self.open:
            return
        if what == 'peer_send':
            show('peer sent', self.sock.send(self.data.next(size)))
        elif what == 'peer_receive':
            self.receive(size)
        elif what == 'peer_shutdown':
            self.sock.shutdown(socket.SHUT_WR)
        else:
            self.close()

    def receive(self, size):
        got = 0
        try:
            while got < size:
                data = self.sock.recv(size - got)
                if not data:
                    return show('peer got', got, 'and the end')
                got += len(data)
            show('peer got', got)
        except BlockingIOError:
            show('peer got', 'some' if got else 'nothing')


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
        try:
            self.stage.act(step)
        except Exception as error:
            self.show('raised', name(error))

    def connection_made(self, transport):
        self.stage.transport = transport
        self.show('made')
        self.react('made')

    def connection_lost(self, error):
        self.stage.lost = True
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
        return self.stage.program['stays']

    def error_received(self, error):
        self.show('error', name(error))
        self.react('error')

    def datagram_received(self, data, address):
        self.show('datagram', len(data))
        self.react('data')


class Streaming(Told, asyncio.Protocol):
    def data_received(self, data):
        self.received += len(data)
        self.react('data')


class Buffered(Told, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint):
        return self.stage.buffer

    def buffer_updated(self, nbytes):
        self.received += nbytes
        self.react('data')


class TransportStage:
    """A transport on one end of a pair of unix sockets."""

    def __init__(self, program):
        self.program = program
        self.data = Bytes(program['start'])
        self.buffer = bytearray(program['size'])
        self.lost = False

    async def open(self):
        sock, other = socket.socketpair()
        sock.setblocking(False)
        if self.program['sndbuf']:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.program['sndbuf'])
        self.peer = Peer(other, self.data)
        self.told = self.protocol(self.program['buffered'])
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self.told, sock)

    def protocol(self, buffered):
        return (Buffered if buffered else Streaming)(self, self.program['reactions'])

    def act(self, step):
        transport, size = self.transport, step.get('n', 0)
        match step['do']:
            case 'write':
                transport.write(self.data.next(size))
            case 'writelines':
                transport.writelines([self.data.next(size), self.data.next(step['m'])])
            case 'write_eof':
                transport.write_eof()
            case 'close':
                transport.close()
            case 'abort':
                # CPython's breaks when the connection is lost.
                if not self.lost:
                    transport.abort()
            case 'pause':
                transport.pause_reading()
            case 'resume':
                transport.resume_reading()
            case 'limits':
                transport.set_write_buffer_limits(size)
            case 'swap':
                self.told.show('swap')
                self.told = self.protocol(size)
                transport.set_protocol(self.told)

    def state(self):
        transport = self.transport
        waiting = transport.get_write_buffer_size() > 0
        self.told.show('closing', transport.is_closing(), 'reading', transport.is_reading(),
                       'waiting', waiting, 'lost', self.lost)

    async def end(self):
        if not self.lost:
            self.transport.abort()


class DatagramStage(TransportStage):
    """A transport of datagrams, with a peer of its own or without."""

    async def open(self):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind(('127.0.0.1', 0))
        self.address = other.getsockname()
        self.peer = Peer(other, self.data)
        self.told = type('Datagrams', (Told, asyncio.DatagramProtocol), {})(
            self, self.program['reactions'])
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        if self.program['connected']:
            sock.connect(self.address)
        else:
            sock.bind(('127.0.0.1', 0))
        other.connect(sock.getsockname())
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self.told, sock=sock)

    def act(self, step):
        if step['do'] != 'write':
            return super().act(step)
        address = None if self.program['connected'] else self.address
        self.transport.sendto(self.data.next(step['n']), address)

    def state(self):
        transport = self.transport
        show('closing', transport.is_closing(), 'lost', self.lost)


class StreamStage:
    """A reader and a writer, and one task for each read, drain and wait for the end."""

    def __init__(self, program):
        self.program = program
        self.data = Bytes(program['start'])
        self.tasks = {}
        self.count = 0

    async def open(self):
        sock, other = socket.socketpair()
        if self.program['sndbuf']:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.program['sndbuf'])
        self.peer = Peer(other, self.data)
        self.reader, self.writer = await asyncio.open_connection(
            sock=sock, limit=self.program['limit'])

    def start(self, side, what, begin):
        # Two reads at a time, or a cancel of one of two waits for the end, go otherwise on purpose.
        if side != 'drain' and not self.tasks.get(side, DONE).done():
            return show('busy')
        self.count += 1
        task = asyncio.create_task(self.wait(f'{what} {self.count}', begin))
        self.tasks[side if side != 'drain' else f'drain {self.count}'] = task

    async def wait(self, what, begin):
        try:
            result = await begin()
            show(what, 'gave', digest(result) if isinstance(result, bytes) else result)
        except asyncio.CancelledError:
            show(what, 'cancelled')
            raise
        except asyncio.IncompleteReadError as error:
            show(what, 'ended with', digest(error.partial), error.expected)
        except asyncio.LimitOverrunError as error:
            show(what, 'overran', error.consumed)
        except Exception as error:
            show(what, 'failed', name(error))

    def cancel(self, wanted):
        for side, task in self.tasks.items():
            if side.startswith(wanted) and not task.done():
                show('cancel', task.cancel())

    def act(self, step):
        reader, writer, size = self.reader, self.writer, step.get('n', 0)
        match step['do']:
            case 'read':
                self.start('read', 'read', lambda: reader.read(size))
            case 'readline':
                self.start('read', 'readline', lambda: reader.readline())
            case 'readexactly':
                self.start('read', 'readexactly', lambda: reader.readexactly(size))
            case 'readuntil':
                separator = [b';', b'e;', b'abc'][size % 3]
                self.start('read', 'readuntil', lambda: reader.readuntil(separator))
            case 'iterate':
                self.start('read', 'iterate', lambda: self.iterate(size))
            case 'cancel_read':
                self.cancel('read')
            case 'cancel_drain':
                self.cancel('drain')
            case 'at_eof':
                show('at_eof', reader.at_eof())
            case 'write':
                writer.write(self.data.next(size))
            case 'writelines':
                writer.writelines([self.data.next(size), self.data.next(step['m'])])
            case 'drain':
                self.start('drain', 'drain', lambda: writer.drain())
            case 'write_eof':
                writer.write_eof()
            case 'close':
                writer.close()
            case 'wait_closed':
                self.start('end', 'wait_closed', lambda: writer.wait_closed())
            case 'limits':
                writer.transport.set_write_buffer_limits(size)

    async def iterate(self, most):
        size = 0
        async for line in self.reader:
            size += len(line)
            if size > most:
                break
        return size

    def state(self):
        show('closing', self.writer.is_closing())

    async def end(self):
        self.writer.close()
        for task in self.tasks.values():
            task.cancel()


STAGES = {'transport': TransportStage, 'datagrams': DatagramStage, 'streams': StreamStage}


async def main(program):
    global DONE
    loop = asyncio.get_running_loop()
    DONE = loop.create_future()
    DONE.set_result(None)
    loop.set_exception_handler(
        lambda loop, context: show('reported', name(context.get('exception'))))
    stage = STAGES[program['kind']](program)
    await stage.open()
    await settle()
    for steps in program['steps']:
        for step in steps:
            show('-', step['do'], step.get('n', ''))
            try:
                if step['do'].startswith('peer'):
                    stage.peer.do(step['do'], step.get('n', 0))
                else:
                    stage.act(step)
            except AttributeError:
                pass  # CPython's own, where the connection is lost
            except Exception as error:
                show('raised', name(error))
        await settle()
        stage.state()
    await stage.end()
    await settle()
    if stage.peer.open:
        stage.peer.close()


with open(sys.argv[1]) as file:
    for number, line in enumerate(file):
        print('program', number)
        asyncio.run(main(json.loads(line)))
