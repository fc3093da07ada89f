"""Runs the programs of a file, one a line, each of a server and its clients; prints what each of them was told."""
import sys
sys.path.pop(0)  # where a random.py of ours is
import asyncio
import json
import logging
import os
import socket
import ssl
import tempfile

logging.getLogger('asyncio').setLevel(logging.CRITICAL)

PEM = 'test/parity/fixtures/self-signed.pem'
SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(PEM)
CLIENT = ssl.create_default_context(cafile=PEM)
STRANGER = ssl.create_default_context()
FAMILIES = {'ipv4': socket.AF_INET, 'ipv6': socket.AF_INET6, 'unix': socket.AF_UNIX}
# So many turns without news mean that nothing more comes.
QUIET = 25

show = print


def name(error):
    return 'None' if error is None else type(error).__name__


class Told:
    """One end of a connection: what it is told, in order, until it is printed."""

    def __init__(self, stage, label):
        self.stage = stage
        self.label = label
        self.transport = None
        self.lost = False
        self.encrypted = False
        self.ended = False
        self.wrote = self.paused = self.resumed = 0
        self.received = 0
        self.news = []

    def tell(self, *words):
        self.stage.changes += 1
        if self.received:
            self.news.append(f'received {self.received}')
            self.received = 0
        self.news.append(' '.join(map(str, words)))

    def count(self, nbytes):
        self.stage.changes += 1
        self.received += nbytes

    def usable(self):
        return self.transport is not None and not self.lost

    def act(self, step):
        transport, size = self.transport, step.get('n', 0)
        if step['do'].startswith('write'):
            self.wrote = self.stage.steps
            self.ended |= step['do'] == 'write_eof'
        match step['do']:
            case 'write':
                transport.write(b'x' * size)
            case 'writelines':
                transport.writelines([b'x' * size, b'y' * size])
            case 'write_eof':
                if transport.can_write_eof():
                    transport.write_eof()
            case 'close':
                transport.close()
            case 'abort':
                transport.abort()
            case 'pause':
                if transport.is_reading():
                    self.paused = self.stage.steps
                transport.pause_reading()
            case 'resume':
                self.resumed = self.stage.steps
                transport.resume_reading()
            case 'limits':
                transport.set_write_buffer_limits(size)
            case 'swap':
                transport.set_protocol(protocol(self, size))

    def print(self):
        if self.received:
            self.tell('and waits')
        if self.usable():
            self.news.append(f'closing {self.transport.is_closing()}')
            if not self.transport.is_closing():
                self.news.append(f'reading {self.transport.is_reading()}')
        show(' ', self.label, '|', ', '.join(self.news))
        self.news = []


class Callbacks:
    def __init__(self, told):
        self.told = told
        self.buffer = bytearray(5_000)

    def connection_made(self, transport):
        self.told.transport = transport
        self.told.tell('made')

    def connection_lost(self, error):
        self.told.lost = True
        self.told.tell('lost', name(error))

    def eof_received(self):
        self.told.tell('eof')
        return self.told.stage.program['stays']


class Streaming(Callbacks, asyncio.Protocol):
    def data_received(self, data):
        self.told.count(len(data))


class Buffered(Callbacks, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, nbytes):
        self.told.count(nbytes)


def protocol(told, buffered):
    return (Buffered if buffered else Streaming)(told)


class Stage:
    def __init__(self, program):
        self.program = program
        self.changes = 0
        self.steps = 0
        self.clients = []
        self.served = []
        self.arrived = []
        self.raw = []
        self.tasks = []
        self.waits = []

    def socket(self):
        # Only where the protocol is said, asyncio switches Nagle's delays off.
        family = self.program['family']
        protocol = 0 if family == 'unix' else socket.IPPROTO_TCP
        sock = socket.socket(FAMILIES[family], socket.SOCK_STREAM, protocol)
        sock.setblocking(False)
        return sock

    async def open(self, folder):
        self.loop = asyncio.get_running_loop()
        sock, family = self.socket(), self.program['family']
        if family == 'unix':
            sock.bind(os.path.join(folder, 'socket'))
        else:
            sock.bind(('::1' if family == 'ipv6' else '127.0.0.1', 0))
        self.address = sock.getsockname()
        create = self.loop.create_unix_server if family == 'unix' else self.loop.create_server
        self.server = await create(
            self.accept, sock=sock, start_serving=self.program['serving'],
            ssl=SERVER if self.program['tls'] == 'always' else None)

    def accept(self):
        told = Told(self, f'served {len(self.served)}')
        self.served.append(told)
        return protocol(told, self.program['buffered'])

    def start(self, what, begin):
        label = f'{what} {len(self.tasks)}'
        self.tasks.append(self.loop.create_task(self.wait(label, begin)))
        return self.tasks[-1]

    async def wait(self, label, begin):
        try:
            await begin()
            self.outcomes.append(f'{label} done')
        except asyncio.CancelledError:
            self.outcomes.append(f'{label} cancelled')
        except Exception as error:
            self.outcomes.append(f'{label} failed {name(error)}')
        self.changes += 1

    async def connect(self, told, trusting):
        sock = self.socket()
        try:
            await self.loop.sock_connect(sock, self.address)
            self.arrived.append(told)
        except BaseException:
            sock.close()
            raise
        options = {}
        if self.program['tls'] == 'always':
            options = {'ssl': CLIENT if trusting else STRANGER, 'server_hostname': 'localhost'}
        create = (self.loop.create_unix_connection if self.program['family'] == 'unix'
                  else self.loop.create_connection)
        await create(lambda: protocol(told, self.program['buffered']), sock=sock, **options)

    async def encrypt(self, told, **options):
        transport = await self.loop.start_tls(
            told.transport, told.transport.get_protocol(), **options)
        if transport is not None:
            told.transport = transport

    def visit(self):
        sock = self.socket()
        self.arrived.append(None)
        self.raw.append(sock)
        try:
            sock.connect(self.address)
        except BlockingIOError:
            pass

    def act(self, step):
        size = step.get('n', 0)
        match step['do']:
            case 'connect':
                told = Told(self, f'client {len(self.clients)}')
                self.clients.append(told)
                self.start('connect', lambda: self.connect(told, size == 0))
            case 'stranger':
                # Where none serves, some drivers refuse at once, and some later.
                if self.server.is_serving():
                    self.visit()
            case 'stranger_sends':
                for sock in self.raw:
                    try:
                        sock.send(b'GET / HTTP/1.1\r\n\r\n')
                    except OSError as error:
                        show('stranger', name(error))
            case 'strangers_leave':
                while self.raw:
                    self.raw.pop().close()
            case 'server_close':
                self.server.close()
            case 'close_clients':
                # Without TLS alone: docs/differences.md#closing-the-clients-of-tls.
                if self.program['tls'] == 'never':
                    self.server.close_clients()
            case 'abort_clients':
                self.server.abort_clients()
            case 'start_serving':
                # CPython says that a closed server serves, after a TypeError.
                if not self.server.sockets:
                    return
                self.start('start_serving', self.server.start_serving)
            case 'wait_closed':
                self.waits.append(self.start('wait_closed', self.server.wait_closed))
            case 'cancel_wait':
                if self.waits:
                    self.waits.pop().cancel()
            case 'upgrade':
                self.upgrade(size)
            case _:
                ends = self.clients if step['side'] == 'client' else self.served
                told = ends[step['at'] % len(ends)] if ends else None
                if told and told.usable() and self.promised(told, step['do']):
                    told.act(step)

    def promised(self, told, what):
        """Is it promised what comes of a step? See the generator."""
        if what.startswith('write'):
            peer = self.peer(told)
            return (peer is not None and peer.usable() and not peer.transport.is_closing()
                    and not told.transport.is_closing())
        if what == 'abort' and self.program['tls'] != 'never':
            return not told.transport.is_closing() and told.wrote < self.steps
        if what == 'close' and self.program['tls'] != 'never':
            return self.closes(told)
        return True

    def closes(self, told):
        """With TLS, nothing that came may be unread: docs/differences.md#words-after-the-end-of-tls."""
        peer = self.peer(told)
        if peer is None or not peer.usable():
            return False
        if not told.transport.is_reading():
            return peer.wrote < told.paused
        return told.resumed < self.steps or not self.program['buffered']

    def peer(self, told):
        if told in self.served:
            at = self.served.index(told)
            return self.arrived[at] if at < len(self.arrived) else None
        at = self.arrived.index(told) if told in self.arrived else -1
        return self.served[at] if 0 <= at < len(self.served) else None

    def upgrade(self, at):
        if not self.clients:
            return
        client = self.clients[at % len(self.clients)]
        served = self.peer(client)
        if served is None:
            return
        for told in (client, served):
            if (not told.usable() or told.ended or told.transport.is_closing() or told.encrypted
                    or not told.transport.is_reading()):
                return
        client.encrypted = served.encrypted = True
        show('upgrading')
        self.start('client', lambda: self.encrypt(
            client, sslcontext=CLIENT, server_hostname='localhost'))
        self.start('server', lambda: self.encrypt(served, sslcontext=SERVER, server_side=True))

    async def settle(self):
        self.outcomes = []
        quiet, seen = 0, self.changes
        while quiet < QUIET:
            # The kernel, too, takes its time on a busy machine.
            await asyncio.sleep(0.001 if quiet == 20 else 0)
            quiet = quiet + 1 if self.changes == seen else 0
            seen = self.changes

    def print(self):
        show('  serving', self.server.is_serving(), 'sockets', len(self.server.sockets))
        for outcome in sorted(self.outcomes):
            show(' ', outcome)
        for told in self.clients + self.served:
            told.print()

    async def end(self):
        self.server.close()
        for told in self.clients + self.served:
            if told.usable():
                told.transport.abort()
        for task in self.tasks:
            task.cancel()
        for sock in self.raw:
            sock.close()
        await self.settle()
        await asyncio.wait_for(self.server.wait_closed(), 5)
        show('  ended')




async def main(program, folder):
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    stage = Stage(program)
    await stage.open(folder)
    await stage.settle()
    for steps in program['steps']:
        show('-', ' '.join(step['do'] for step in steps))
        stage.steps += 1
        for step in steps:
            try:
                stage.act(step)
            except AttributeError:
                pass  # CPython's own, where TLS was aborted
            except Exception as error:
                show('raised', name(error))
        await stage.settle()
        stage.print()
    await stage.end()


with open(sys.argv[1]) as file:
    for number, line in enumerate(file):
        print('program', number)
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(json.loads(line), folder))
