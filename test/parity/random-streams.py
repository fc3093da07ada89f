"""Runs the programs of a file, one a line, each of a server of streams and its clients; prints what came of them."""
import sys
sys.path[0] = 'test/parity/support'  # and not where a random.py of ours is
import asyncio
from asyncio import sslproto

from stage import CLIENT, SERVER, Stage, name, play_all, show

SEPARATORS = [b'\n', b'\xfa\x00', (b'\n', b'\x64\x65\x66')]
# What is written goes through all bytes but the last few, so that each tells where it was.
CYCLE = bytes(range(251)) * 200
MUCH = b'x' * 6_000_000


def told(data):
    return f'{len(data)} {data[:1].hex()}-{data[-1:].hex()}'


class Failure(Exception):
    pass


class End:
    """One end of a connection: its reader, its writer, and what becomes of them."""

    def __init__(self, stage, label):
        self.stage = stage
        self.label = label
        self.reader = self.writer = self.handler = self.reading = self.takes = None
        self.trusting = True
        self.lost = None
        self.encrypted = self.encrypting = False
        self.ended = False
        self.much = False
        self.wrote = 0
        self.at = 0
        self.news = []

    def made(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.stage.changes += 1
        self.news.append('made')
        self.finish = self.stage.loop.create_future()
        writer._protocol._closed.add_done_callback(self.is_lost)

    def is_lost(self, closed):
        self.lost = self.stage.name(None if closed.cancelled() else closed.exception())
        self.news.append(f'lost {self.lost}')
        self.stage.changes += 1

    @property
    def transport(self):
        return self.writer.transport

    def usable(self):
        return self.writer is not None and self.lost is None and not self.encrypting

    def data(self, size):
        begin = self.at % 251
        self.at += size
        if size > 100_000:
            return MUCH
        return CYCLE[begin:begin + size]

    def read(self, what, size):
        """Begins to read, where none does. Of one that waits, it may be that nobody takes what comes."""
        if self.is_reading():
            return
        reader = self.reader

        async def read():
            match what:
                case 'read':
                    data = await reader.read(size)
                case 'readline':
                    data = await reader.readline()
                case 'readuntil':
                    data = await reader.readuntil(SEPARATORS[size])
                case 'readexactly':
                    data = await reader.readexactly(size)
            return 'some' if what == 'read' and self.vague() else told(data)

        async def or_fail():
            try:
                return await read()
            except asyncio.IncompleteReadError as error:
                return f'incomplete {told(error.partial)} of {error.expected}'
            except asyncio.LimitOverrunError as error:
                return f'overrun {error.consumed}'

        self.takes = size if what == 'read' else None
        self.reading = self.stage.start(what, or_fail)

    def unsent(self):
        try:
            return self.transport.get_write_buffer_size() if self.usable() else None
        except AttributeError:
            return None  # CPython's own, where TLS was aborted

    def vague(self):
        """Does so much come that it is not promised how much at a time?"""
        peer = self.stage.peer(self)
        return peer is not None and (peer.much or self.much)

    def is_reading(self):
        return self.reading is not None and not self.reading.done()

    def takes_some(self):
        return self.is_reading() and self.takes is not None and self.takes > 1

    def act(self, step):
        writer, size = self.writer, step.get('n', 0)
        if step['do'].startswith('write'):
            self.wrote = self.stage.steps
            self.ended |= step['do'] == 'write_eof'
            self.much |= size > 100_000
        match step['do']:
            case 'write':
                writer.write(self.data(size))
            case 'writelines':
                writer.writelines([self.data(size), self.data(1)])
            case 'write_line':
                writer.write(self.data(size)[:-1] + b'\n')
            case 'write_eof':
                if writer.can_write_eof():
                    writer.write_eof()
            case 'drain':
                self.stage.start('drain', writer.drain)
            case 'close':
                writer.close()
            case 'gone':
                self.stage.start('gone', writer.wait_closed)
            case 'abort':
                writer.transport.abort()
            case 'limits':
                writer.transport.set_write_buffer_limits(size)
            case 'cancel_read':
                # docs/differences.md#reads-begin-with-the-call: a read of all loses nothing.
                if self.reading is not None and self.takes != -1:
                    self.reading.cancel()
            case 'finish':
                if not self.finish.done():
                    self.finish.set_result(None)
            case 'fail':
                if not self.finish.done():
                    self.finish.set_exception(Failure())
            case 'cancel_handler':
                if self.handler is not None:
                    self.handler.cancel()
            case what:
                if self.handler is None or self.stage.program['handler'] == 'waits':
                    self.read(what, size)

    def print(self):
        vague = self.vague()
        if self.usable():
            self.news.append(f'closing {self.transport.is_closing()}')
            if not self.transport.is_closing() and not vague:
                self.news.append(f'reading {self.transport.is_reading()}')
        if self.reader is not None:
            if not vague:
                self.news.append(f'at eof {self.reader.at_eof()}')
            if self.reader.exception() is not None:
                self.news.append(self.stage.name(self.reader.exception()))
        show(' ', self.label, '|', ', '.join(self.news))
        self.news = []


class StreamStage(Stage):
    def new_client(self, label):
        return End(self, label)

    def arrives(self, end):
        # Nobody is told of those that do not shake hands.
        if self.program['tls'] != 'always' or end is not None and end.trusting:
            self.arrived.append(end)

    def one_at_a_time(self):
        # Of two that shake hands, either may be first.
        return super().one_at_a_time() or self.program['tls'] == 'always'

    async def serve(self, **options):
        create = (asyncio.start_unix_server if self.program['family'] == 'unix'
                  else asyncio.start_server)
        handler = self.plain if self.program['handler'] == 'plain' else self.handle
        return await create(handler, limit=self.program['limit'], **options)

    def plain(self, reader, writer):
        end = End(self, f'served {len(self.served)}')
        self.served.append(end)
        end.made(reader, writer)
        self.was_made()
        return end

    async def handle(self, reader, writer):
        end = self.plain(reader, writer)
        end.handler = asyncio.current_task()
        try:
            await getattr(self, 'handler_' + self.program['handler'])(end)
            outcome = 'returned'
        except asyncio.CancelledError:
            outcome = 'cancelled'
        except Exception as error:
            outcome = f'failed {self.name(error)}'
            # Where it is encrypted by now, CPython closes what is underneath.
            if not end.encrypted:
                raise
        finally:
            self.changes += 1
            self.outcomes.append(f'{end.label} handler {outcome}')
            # docs/differences.md#handlers-end-with-their-connections
            end.handler.add_done_callback(lambda _: end.writer.close())

    async def handler_waits(self, end):
        await end.finish

    async def handler_echoes(self, end):
        while data := await end.reader.read(1000):
            end.writer.write(data)
            await end.writer.drain()

    async def handler_lines(self, end):
        async for line in end.reader:
            end.writer.write(line)
            await end.writer.drain()

    async def connect_end(self, end, **options):
        connect = (asyncio.open_unix_connection if self.program['family'] == 'unix'
                   else asyncio.open_connection)
        end.made(*await connect(limit=self.program['limit'], **options))

    def name(self, error):
        # Which of the two it is depends on what is tried first, of sending and receiving.
        either = self.program['tls'] == 'later' or any(
            end.much for end in self.clients + self.served)
        return 'ConnectionResetError' if either and isinstance(error, BrokenPipeError) else name(error)

    def progress(self):
        return self.changes, [end.unsent() for end in self.clients + self.served]

    def act(self, step):
        # docs/differences.md#interrupted-handshakes
        if (step['do'] not in ('abort_clients', 'close_clients')
                or not any(end.encrypting for end in self.served)):
            super().act(step)

    def act_on_end(self, step):
        if step['do'] == 'upgrade':
            return self.upgrade(step['n'])
        end = self.chosen(step)
        if end is None or not self.promised(end, step['do'], step.get('n', 0)):
            return
        if step['do'] == 'start_tls':
            self.start_tls(end)
        else:
            end.act(step)

    def promised(self, end, what, size):
        """Is it promised what comes of a step? See the generator."""
        peer = self.peer(end)
        both = (peer is not None and peer.writer is not None and peer.lost is None
                and not peer.transport.is_closing() and not end.transport.is_closing())
        tls, waits = self.program['tls'], self.program['handler'] in ('waits', 'plain')
        if what.startswith('write'):
            if size > 100_000:
                return both and not end.is_reading() and not peer.is_reading()
            # Nor is it promised which bytes of a turn are there first.
            return both and not (peer.takes_some() and end.wrote == self.steps)
        if what == 'abort' and tls != 'never':
            return not end.transport.is_closing() and end.wrote < self.steps
        if what in ('abort', 'close') and not waits:
            # What a handler writes in one turn may be one send or several: so is what is read of it.
            return end.wrote < self.steps and self.program['limit'] == 65_536
        if what.startswith('read') and peer is not None:
            # A ClientHello is never twice the same; and a line of so much may have lost its beginning.
            if peer.encrypted and not end.encrypted or end.vague() and what[4:] not in ('', 'exactly'):
                return False
            # Nor is it promised how much TLS gives at a time.
            return what != 'read' or size < 2 or waits and not end.encrypted and tls != 'always'
        if what == 'start_tls':
            return (tls == 'later' and both and waits and not end.encrypted
                    and not any(each.ended or each.is_reading() for each in (end, peer)))
        return True

    def upgrade(self, at):
        """Both ends at once."""
        if not self.clients:
            return
        client = self.clients[at % len(self.clients)]
        served = self.peer(client)
        ends = [client, served]
        if served is not None and all(
                end.usable() and self.promised(end, 'start_tls', 0) for end in ends):
            for end in ends:
                self.start_tls(end)

    def start_tls(self, end):
        end.encrypted = end.encrypting = True
        side = 'server' if end in self.served else 'client'
        show('encrypting', end.label)
        self.start(f'{side} start_tls', lambda: self.encrypt(end, side == 'server'))

    def tell_lost(self, protocol, error):
        if not protocol._connection_lost:
            protocol.connection_lost(error)

    async def encrypt(self, end, server_side):
        """StreamWriter.start_tls(), with what CPython does from 3.14 on: unread bytes go to TLS."""
        writer, reader, raw = end.writer, end.reader, end.writer.transport
        protocol = writer._protocol
        try:
            await writer.drain()
            waiter = self.loop.create_future()
            ssl_protocol = sslproto.SSLProtocol(
                self.loop, protocol, SERVER if server_side else CLIENT, waiter, server_side,
                None if server_side else 'localhost', call_connection_made=False)
            raw.pause_reading()
            raw.set_protocol(ssl_protocol)
            unread = bytes(reader._buffer)
            reader._buffer.clear()
            reader._paused = False

            def make():
                ssl_protocol.connection_made(raw)
                if unread:
                    ssl_protocol._incoming.write(unread)
                    ssl_protocol._do_handshake()

            made = self.loop.call_soon(make)
            resumes = self.loop.call_soon(raw.resume_reading)
            try:
                await waiter
            except BaseException as error:
                raw.close()
                made.cancel()
                resumes.cancel()
                # docs/differences.md#interrupted-handshakes
                self.loop.call_soon(self.tell_lost, protocol, error)
                raise
            # docs/differences.md#interrupted-handshakes
            if ssl_protocol._app_transport is None:
                raise ConnectionAbortedError
            writer._transport = ssl_protocol._app_transport
            protocol._replace_transport(writer._transport)
            # docs/differences.md#streams-that-are-encrypted-later
            reader._transport = writer._transport
        finally:
            end.encrypting = False


play_all(StreamStage, sys.argv[1])
