"""Runs the programs of a file, one a line, each of a server and its clients; prints what each of them was told."""
import sys
sys.path[0] = 'test/parity/support'  # and not where a random.py of ours is
import asyncio

from stage import CLIENT, SERVER, Stage, name, play_all, show


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
        if self.told in self.told.stage.served:
            self.told.stage.was_made()

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


class ServerStage(Stage):
    def new_client(self, label):
        return Told(self, label)

    async def serve(self, **options):
        create = (self.loop.create_unix_server if self.program['family'] == 'unix'
                  else self.loop.create_server)
        return await create(self.accept, **options)

    def accept(self):
        told = Told(self, f'served {len(self.served)}')
        self.served.append(told)
        return protocol(told, self.program['buffered'])

    async def connect_end(self, told, **options):
        create = (self.loop.create_unix_connection if self.program['family'] == 'unix'
                  else self.loop.create_connection)
        await create(lambda: protocol(told, self.program['buffered']), **options)

    async def encrypt(self, told, **options):
        transport = await self.loop.start_tls(
            told.transport, told.transport.get_protocol(), **options)
        if transport is not None:
            told.transport = transport

    def act_on_end(self, step):
        if step['do'] == 'upgrade':
            return self.upgrade(step['n'])
        told = self.chosen(step)
        if told and self.promised(told, step['do']):
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
        """With TLS, nothing that came may be unread: docs/differences.md#data-after-the-end-of-tls."""
        peer = self.peer(told)
        if peer is None or not peer.usable():
            return False
        if not told.transport.is_reading():
            return peer.wrote < told.paused and told.resumed < told.paused
        return told.resumed < self.steps or not self.program['buffered']

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


play_all(ServerStage, sys.argv[1])
