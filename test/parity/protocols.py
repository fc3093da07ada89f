"""What a protocol is told, in which order, and in which turn."""
import asyncio
import logging
import socket

logging.basicConfig(format='log: %(message)s', stream=__import__('sys').stdout)


class Teller(asyncio.Protocol):
    def __init__(self, name, keep_open=False):
        self.name = name
        self.keep_open = keep_open
        self.lost = asyncio.get_running_loop().create_future()

    def tell(self, *words):
        print(self.name, *words)

    def connection_made(self, transport):
        self.transport = transport
        self.tell('made')

    def data_received(self, data):
        self.tell('data', data.decode())

    def eof_received(self):
        self.tell('eof')
        return self.keep_open

    def connection_lost(self, exc):
        self.tell('lost', exc)
        self.lost.set_result(None)

    def pause_writing(self):
        self.tell('pause')

    def resume_writing(self):
        self.tell('resume')


async def connect(protocol):
    loop = asyncio.get_running_loop()
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    transport, _ = await loop.create_connection(lambda: protocol, sock=one)
    return transport, other


async def tick(turns):
    for turn in range(turns):
        await asyncio.sleep(0)
        print('turn', turn)


async def data_that_was_there():
    loop = asyncio.get_running_loop()
    one, other = socket.socketpair()
    other.send(b'early')
    other.close()
    protocol = Teller('a')
    ticking = asyncio.create_task(tick(6))
    await loop.create_connection(lambda: protocol, sock=one)
    print('connected')
    await protocol.lost
    await ticking


async def half_closed():
    protocol = Teller('b', keep_open=True)
    transport, peer = await connect(protocol)
    peer.send(b'question')
    peer.shutdown(socket.SHUT_WR)
    while 'read=polling' in repr(transport):
        await asyncio.sleep(0)
    print(transport.is_closing(), transport.is_reading())
    transport.write(b'answer')
    transport.write_eof()
    transport.write_eof()
    try:
        transport.write(b'more')
    except RuntimeError:
        print('no more')
    print((await asyncio.get_running_loop().sock_recv(peer, 100)).decode())
    print(len(await asyncio.get_running_loop().sock_recv(peer, 100)))
    transport.close()
    await protocol.lost
    peer.close()


async def closed_in_a_turn():
    protocol = Teller('c')
    transport, peer = await connect(protocol)
    loop = asyncio.get_running_loop()
    loop.call_soon(print, 'before')
    transport.close()
    loop.call_soon(print, 'after')
    print(transport.is_closing(), transport.is_reading())
    transport.abort()
    transport.pause_reading()
    transport.resume_reading()
    for _ in range(3):
        transport.write(b'x')
    await tick(2)
    print(transport.get_protocol())
    for _ in range(3):
        transport.write(b'x')
    peer.close()


async def flow():
    protocol = Teller('d')
    transport, peer = await connect(protocol)
    loop = asyncio.get_running_loop()
    written = 0
    while not transport.get_write_buffer_size():
        transport.write(bytes(10000))
        written += 10000
    print('full', transport.get_write_buffer_limits())
    transport.set_write_buffer_limits(high=100)
    print(transport.get_write_buffer_limits())
    transport.write(bytes(10))
    written += 10
    transport.close()
    print(transport.is_closing())
    received = 0
    while received < written:
        received += len(await loop.sock_recv(peer, 65536))
    await protocol.lost
    peer.close()


async def aborted():
    protocol = Teller('e')
    transport, peer = await connect(protocol)
    while not transport.get_write_buffer_size():
        transport.write(bytes(10000))
    transport.close()
    await tick(2)
    transport.abort()
    print(transport.get_write_buffer_size())
    await tick(2)
    peer.close()


async def odd_protocol():
    class Odd(Teller):
        def data_received(self, data):
            raise ValueError('odd')

    def report(loop, context):
        print('report', sorted(context), context['exception'])

    asyncio.get_running_loop().set_exception_handler(report)
    protocol = Odd('f')
    transport, peer = await connect(protocol)
    peer.send(b'x')
    await protocol.lost
    peer.close()


async def main():
    for program in (data_that_was_there, half_closed, closed_in_a_turn, flow, aborted, odd_protocol):
        print('--', program.__name__.replace('_', ' '))
        await program()

asyncio.run(main())
