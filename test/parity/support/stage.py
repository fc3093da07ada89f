"""What random programs of servers have in common: a server, its clients, and what happens to them."""
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
# Trusts the public authorities only.
STRANGER = ssl.create_default_context()
FAMILIES = {'ipv4': socket.AF_INET, 'ipv6': socket.AF_INET6, 'unix': socket.AF_UNIX}
# After this many turns without news, nothing more comes.
QUIET = 25

show = print


def name(error):
    return 'None' if error is None else type(error).__name__


class Stage:
    """A server, and the clients that came. What is told of one end is in `clients` or `served`."""

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
        self.forever = None
        # Does serve_forever() wait for the clients of a server that was closed by somebody else?
        self.forever_waits = False
        self.next = None
        self.came = 0
        self.outcomes = []

    def socket(self):
        # Only where the protocol is said, asyncio switches Nagle's delays off.
        family = self.program['family']
        protocol = 0 if family == 'unix' else socket.IPPROTO_TCP
        sock = socket.socket(FAMILIES[family], socket.SOCK_STREAM, protocol)
        sock.setblocking(False)
        return sock

    async def open(self, folder):
        self.loop = asyncio.get_running_loop()
        family, host, path = self.program['family'], '127.0.0.1', os.path.join(folder, 'socket')
        if family == 'ipv6':
            host = '::1'
        if self.program['place'] == 'given':
            sock = self.socket()
            sock.bind(path if family == 'unix' else (host, 0))
            place = {'sock': sock}
        elif family == 'unix':
            place = {'path': path}
        else:
            place = {'host': host, 'port': 0, 'reuse_port': self.program['place'] == 'shared'}
        self.server = await self.serve(
            start_serving=self.program['serving'], backlog=self.program['backlog'],
            ssl=SERVER if self.program['tls'] == 'always' else None, **place)
        self.address = self.server.sockets[0].getsockname()

    def start(self, what, begin):
        label = f'{what} {len(self.tasks)}'
        self.tasks.append(self.loop.create_task(self.wait(label, begin)))
        return self.tasks[-1]

    async def wait(self, label, begin):
        try:
            outcome = await begin()
            self.outcomes.append(f'{label} done' + (f' {outcome}' if isinstance(outcome, str) else ''))
        except asyncio.CancelledError:
            self.outcomes.append(f'{label} cancelled')
        except Exception as error:
            self.outcomes.append(f'{label} failed {self.name(error)}')
        self.changes += 1

    async def connect(self, end):
        sock = self.socket()
        try:
            await self.loop.sock_connect(sock, self.address)
            self.arrives(end)
        except BaseException:
            sock.close()
            raise
        options = {}
        if self.program['tls'] == 'always':
            options = {'ssl': CLIENT if end.trusting else STRANGER, 'server_hostname': 'localhost'}
        await self.connect_end(end, sock=sock, **options)

    def arrives(self, end):
        """The next that the server gets; nothing stands for a stranger."""
        self.arrived.append(end)

    def visit(self):
        sock = self.socket()
        self.arrives(None)
        self.raw.append(sock)
        try:
            sock.connect(self.address)
        except BlockingIOError:
            pass

    def act(self, step):
        """Does what is asked of the server or of strangers."""
        match step['do']:
            case 'connect':
                if self.came == self.steps and self.one_at_a_time():
                    return
                self.came = self.steps
                end = self.new_client(f'client {len(self.clients)}')
                self.clients.append(end)
                end.trusting = step.get('n', 0) == 0
                self.start('connect', lambda: self.connect(end))
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
                self.forever_waits = self.forever_waits or self.serves()
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
            case 'serve_forever':
                if self.forever is None or self.forever.done():
                    self.forever = self.start('serve_forever', self.server.serve_forever)
            case 'cancel_forever':
                # With TLS: docs/differences.md#closing-the-clients-of-tls.
                if self.forever is None or self.program['tls'] != 'never':
                    return
                # docs/differences.md#serveforever-also-closes-connections
                serves, waits = self.serves(), self.forever_waits
                if serves or waits:
                    self.forever_waits = False
                    self.loop.call_soon(self.server.close_clients)
                if serves or not waits:
                    self.forever.cancel()
            case 'at_next':
                self.next = step['what']
            case _:
                self.act_on_end(step)

    def serves(self):
        """Does serve_forever() wait for its cancel?"""
        future = self.server._serving_forever_fut
        return future is not None and not future.done() and bool(self.server.sockets)

    def one_at_a_time(self):
        """May only one client come at a time? docs/differences.md#connections-that-were-just-accepted"""
        return self.next is not None

    def was_made(self):
        """A connection of the server's stands: does what is to be done then."""
        what, self.next = self.next, None
        if what is not None:
            self.act({'do': what})

    def chosen(self, step):
        """The end that a step is about, if it is there."""
        ends = self.clients if step['side'] == 'client' else self.served
        end = ends[step['at'] % len(ends)] if ends else None
        return end if end and end.usable() else None

    def peer(self, end):
        if end in self.served:
            at = self.served.index(end)
            return self.arrived[at] if at < len(self.arrived) else None
        at = self.arrived.index(end) if end in self.arrived else -1
        return self.served[at] if 0 <= at < len(self.served) else None

    def name(self, error):
        return name(error)

    def progress(self):
        """What is another as long as something happens."""
        return self.changes

    async def settle(self):
        self.outcomes = []
        quiet, seen = 0, self.progress()
        while quiet < QUIET:
            # The kernel, too, takes its time on a busy machine.
            await asyncio.sleep(0.001 if quiet == 20 else 0)
            now = self.progress()
            quiet = quiet + 1 if now == seen else 0
            seen = now

    def print(self):
        show('  serving', self.server.is_serving(), 'sockets', len(self.server.sockets))
        for outcome in sorted(self.outcomes):
            show(' ', outcome)
        for end in self.clients + self.served:
            end.print()

    async def end(self):
        self.server.close()
        for end in self.clients + self.served:
            if end.usable():
                end.transport.abort()
        for task in self.tasks:
            task.cancel()
        for sock in self.raw:
            sock.close()
        await self.settle()
        await asyncio.wait_for(self.server.wait_closed(), 5)
        show('  ended')


async def play(stage, folder):
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    await stage.open(folder)
    await stage.settle()
    for steps in stage.program['steps']:
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


def play_all(make_stage, path):
    """Plays the programs of a file, one a line."""
    with open(path) as file:
        for number, line in enumerate(file):
            print('program', number)
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(play(make_stage(json.loads(line)), folder))
