"""An echo server or a client of it, as KIND, ROLE, WHERE and TLS of the environment say."""
import asyncio
import os
import ssl

kind, role, where = os.environ['KIND'], os.environ['ROLE'], os.environ['WHERE']
tls = os.environ.get('TLS')
DATA = bytes(range(256)) * 8000


async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def context():
    if not tls:
        return None
    if role == 'client':
        return ssl.create_default_context(cafile=f'{tls}/cert.pem')
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(f'{tls}/cert.pem', f'{tls}/key.pem')
    return made


async def listen():
    if kind == 'tcp':
        return await asyncio.start_server(serve, '127.0.0.1', int(where), ssl=context())
    return await asyncio.start_unix_server(serve, where, ssl=context())


async def connect():
    name = {'server_hostname': 'localhost'} if tls else {}
    if kind == 'tcp':
        return await asyncio.open_connection('127.0.0.1', int(where), ssl=context(), **name)
    return await asyncio.open_unix_connection(where, ssl=context(), **name)


async def send(writer):
    for start in range(0, len(DATA), 100_000):
        writer.write(DATA[start:start + 100_000])
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


class Datagrams(asyncio.DatagramProtocol):
    """Echoes for a server, and keeps what comes for a client."""

    def __init__(self):
        self.received = asyncio.Queue()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if role == 'server':
            self.transport.sendto(data, addr)
        else:
            self.received.put_nowait(data)


async def talk_in_datagrams():
    loop = asyncio.get_running_loop()
    address = ('127.0.0.1', int(where))
    side = {'local_addr' if role == 'server' else 'remote_addr': address}
    transport, protocol = await loop.create_datagram_endpoint(Datagrams, **side)
    if role == 'server':
        print('ready')
        await loop.create_future()
    received = []
    for size in range(500, 60_000, 500):
        transport.sendto(DATA[:size])
        received.append(await protocol.received.get())
    same = [len(each) for each in received] == list(range(500, 60_000, 500))
    print('the same' if same and all(DATA.startswith(each) for each in received) else 'others')
    transport.close()


async def main():
    if kind == 'udp':
        return await talk_in_datagrams()
    if role == 'server':
        server = await listen()
        print('ready')
        await server.serve_forever()
    reader, writer = await connect()
    sending = asyncio.create_task(send(writer))
    # TLS cannot end one way alone.
    received = await (reader.readexactly(len(DATA)) if tls else reader.read())
    await sending
    print('the same' if received == DATA else f'{len(received)} other bytes')
    writer.close()
    await writer.wait_closed()

asyncio.run(main())
