"""Echo servers of all kinds or their clients, as ROLE, PLACES and KEYS of the environment say."""
import asyncio
import json
import os
import ssl

role, keys = os.environ['ROLE'], os.environ['KEYS']
places = json.loads(os.environ['PLACES'])
DATA = bytes(range(256)) * 8000


async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def context(kind):
    if kind != 'TLS':
        return None
    if role == 'client':
        return ssl.create_default_context(cafile=f'{keys}/cert.pem')
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(f'{keys}/cert.pem', f'{keys}/key.pem')
    return made


async def listen(kind):
    if kind == 'udp':
        return await asyncio.get_running_loop().create_datagram_endpoint(
            Datagrams, local_addr=('127.0.0.1', places[kind]))
    if kind == 'unix':
        return await asyncio.start_unix_server(serve, places[kind])
    return await asyncio.start_server(serve, '127.0.0.1', places[kind], ssl=context(kind))


async def connect(kind):
    if kind == 'unix':
        return await asyncio.open_unix_connection(places[kind])
    name = {'server_hostname': 'localhost'} if kind == 'TLS' else {}
    return await asyncio.open_connection('127.0.0.1', places[kind], ssl=context(kind), **name)


async def send(writer):
    for start in range(0, len(DATA), 100_000):
        writer.write(DATA[start:start + 100_000])
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def talk(kind):
    if kind == 'udp':
        return await talk_in_datagrams()
    reader, writer = await connect(kind)
    sending = asyncio.create_task(send(writer))
    # TLS cannot end one way alone.
    received = await (reader.readexactly(len(DATA)) if kind == 'TLS' else reader.read())
    await sending
    writer.close()
    await writer.wait_closed()
    return 'the same' if received == DATA else f'{len(received)} other bytes'


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
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, remote_addr=('127.0.0.1', places['udp']))
    received = []
    for size in range(500, 60_000, 500):
        transport.sendto(DATA[:size])
        received.append(await protocol.received.get())
    transport.close()
    same = [len(each) for each in received] == list(range(500, 60_000, 500))
    return 'the same' if same and all(DATA.startswith(each) for each in received) else 'others'


async def main():
    if role == 'server':
        servers = [await listen(kind) for kind in places]
        print('ready')
        await asyncio.get_running_loop().create_future()
    for kind in places:
        print(f'{kind}: {await talk(kind)}')

asyncio.run(main())
