"""What protocols are told over TLS, each side by itself, and what its failures are."""
import asyncio
import logging
import socket
import ssl
import sys

logging.basicConfig(format='log: %(message)s', stream=sys.stdout)
PEM = 'test/parity/fixtures/self-signed.pem'
SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(PEM)
CLIENT = ssl.create_default_context(cafile=PEM)
STRANGER = ssl.create_default_context()


class Teller(asyncio.Protocol):
    def __init__(self, keep_open=False, fails=None):
        self.keep_open = keep_open
        self.fails = fails
        self.told = []
        self.lost = asyncio.get_running_loop().create_future()

    def tell(self, what):
        self.told.append(what)
        if self.fails == what.split()[0]:
            raise ZeroDivisionError('planted')

    def connection_made(self, transport):
        self.transport = transport
        self.tell('made')

    def data_received(self, data):
        self.tell(f'data {data.decode()}')

    def eof_received(self):
        self.tell('eof')
        return self.keep_open

    def connection_lost(self, exc):
        if not self.lost.done():
            self.lost.set_result(None)
        self.tell(f'lost {"None" if exc is None else type(exc).__name__}')


def pair():
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    return one, other


def secure_client(protocol, sock, context=CLIENT, **options):
    return asyncio.get_running_loop().create_connection(
        lambda: protocol, sock=sock, ssl=context, server_hostname='localhost', **options)


def secure_server(protocol, sock, **options):
    return asyncio.get_running_loop().connect_accepted_socket(
        lambda: protocol, sock, ssl=SERVER, **options)


async def both(client, server):
    near, far = pair()
    await asyncio.gather(secure_client(client, near), secure_server(server, far))


async def ended(client, server):
    await client.lost
    await server.lost
    await asyncio.sleep(0)
    print('client:', ', '.join(client.told))
    print('server:', ', '.join(server.told))


async def outcome(awaitable):
    try:
        await awaitable
        return 'done'
    except Exception as error:
        return type(error).__name__


async def closed_by_the_client():
    client, server = Teller(), Teller()
    await both(client, server)
    client.transport.write(b'one')
    while not len(server.told) > 1:
        await asyncio.sleep(0.01)
    client.transport.write(b'two')
    client.transport.close()
    print(client.transport.is_closing(), server.transport.is_closing())
    await ended(client, server)


async def kept_open():
    client, server = Teller(), Teller(keep_open=True)
    await both(client, server)
    client.transport.close()
    await ended(client, server)


async def aborted():
    client, server = Teller(), Teller()
    await both(client, server)
    client.transport.write(b'data')
    while not len(server.told) > 1:
        await asyncio.sleep(0.01)
    client.transport.abort()
    await ended(client, server)


async def asked():
    client, server = Teller(), Teller()
    await both(client, server)
    transport = client.transport
    print(transport.can_write_eof(), transport.is_reading(), transport.get_write_buffer_limits())
    transport.write(b'x')
    print(transport.get_write_buffer_size())
    try:
        transport.write_eof()
    except RuntimeError:
        print('no half-close')
    try:
        transport.write(5)
    except TypeError:
        print('no text')
    for n in range(7):
        transport.write(b'')
    transport.close()
    transport.close()
    await ended(client, server)


async def written_after_the_end():
    client, server = Teller(), Teller()
    await both(client, server)
    client.transport.close()
    await ended(client, server)
    for n in range(5):
        client.transport.write(b'x')


async def left_in_the_handshake():
    for start, name in (secure_client, 'client'), (secure_server, 'server'):
        near, far = pair()
        protocol = Teller()
        starting = asyncio.ensure_future(outcome(start(protocol, near)))
        await asyncio.sleep(0.05)
        far.close()
        print(name, await starting, protocol.told)


async def no_tls():
    for start, name in (secure_client, 'client'), (secure_server, 'server'):
        near, far = pair()
        protocol = Teller()
        far.send(b'GET / HTTP/1.0\r\n\r\n')
        print(name, await outcome(start(protocol, near)), protocol.told)
        far.close()


async def too_slow():
    for start, name in (secure_client, 'client'), (secure_server, 'server'):
        near, far = pair()
        protocol = Teller()
        try:
            await start(protocol, near, ssl_handshake_timeout=0.1)
        except ConnectionAbortedError as error:
            print(name, error, protocol.told)
        far.close()


async def not_trusted():
    near, far = pair()
    server = Teller()
    starting = asyncio.ensure_future(outcome(secure_server(server, far)))
    try:
        await secure_client(Teller(), near, STRANGER)
    except ssl.SSLCertVerificationError as error:
        print(str(error).replace('certificate (', '(').partition(' (')[0])
    print('done' not in await starting, server.told)


async def upgraded():
    loop = asyncio.get_running_loop()
    near, far = pair()
    client, server = Teller(), Teller()
    plain, _ = await loop.create_connection(lambda: client, sock=near)
    other, _ = await loop.connect_accepted_socket(lambda: server, far)
    plain.write(b'in the clear')
    while not len(server.told) > 1:
        await asyncio.sleep(0.01)
    client.transport, server.transport = await asyncio.gather(
        loop.start_tls(plain, client, CLIENT, server_hostname='localhost'),
        loop.start_tls(other, server, SERVER, server_side=True))
    client.transport.write(b'encrypted')
    client.transport.close()
    await ended(client, server)


async def upgraded_in_vain():
    loop = asyncio.get_running_loop()
    near, far = pair()
    client = Teller()
    plain, _ = await loop.create_connection(lambda: client, sock=near)
    far.send(b'GET / HTTP/1.0\r\n\r\n')
    print(await outcome(loop.start_tls(plain, client, CLIENT, server_hostname='localhost')))
    await client.lost
    print(client.told, plain.is_closing())
    far.close()


async def failing():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda loop, context: print('reported:', context['message'].split(':')[0]))
    for what in 'data', 'eof':
        client, server = Teller(), Teller(fails=what)
        await both(client, server)
        client.transport.write(b'data')
        if what == 'eof':
            client.transport.close()
        await ended(client, server)


async def no_sense():
    loop = asyncio.get_running_loop()
    near, far = pair()
    for options in ({'ssl_handshake_timeout': 1}, {'ssl_shutdown_timeout': 1},
                    {'server_hostname': 'x'}, {'ssl': True},
                    {'ssl': CLIENT, 'server_hostname': 'x', 'ssl_handshake_timeout': 0},
                    {'ssl': CLIENT, 'server_hostname': 'x', 'ssl_shutdown_timeout': -1}):
        print(await outcome(loop.create_connection(asyncio.Protocol, sock=near, **options)))
        near.close()
        near = far.dup()
    for options in {'ssl': True}, {'ssl_handshake_timeout': 1}, {'ssl_shutdown_timeout': 1}:
        print(await outcome(loop.create_server(asyncio.Protocol, '127.0.0.1', 0, **options)))
    near.close()
    far.close()


async def main():
    for story in (closed_by_the_client, kept_open, aborted, asked,
                  written_after_the_end, left_in_the_handshake, no_tls, too_slow, not_trusted,
                  upgraded, upgraded_in_vain, failing, no_sense):
        print(f'{story.__name__.replace("_", " ")}:')
        await story()

asyncio.run(main())
