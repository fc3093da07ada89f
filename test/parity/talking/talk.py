"""An echo server or a client of it, as KIND, ROLE and WHERE of the environment say."""
import asyncio
import os

kind, role, where = os.environ['KIND'], os.environ['ROLE'], os.environ['WHERE']
DATA = bytes(range(256)) * 8000


async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def listen():
    if kind == 'tcp':
        return await asyncio.start_server(serve, '127.0.0.1', int(where))
    return await asyncio.start_unix_server(serve, where)


async def connect():
    if kind == 'tcp':
        return await asyncio.open_connection('127.0.0.1', int(where))
    return await asyncio.open_unix_connection(where)


async def send(writer):
    for start in range(0, len(DATA), 100_000):
        writer.write(DATA[start:start + 100_000])
        await writer.drain()
    writer.write_eof()


async def main():
    if role == 'server':
        server = await listen()
        print('ready')
        await server.serve_forever()
    reader, writer = await connect()
    sending = asyncio.create_task(send(writer))
    received = await reader.read()
    await sending
    print('the same' if received == DATA else f'{len(received)} other bytes')
    writer.close()
    await writer.wait_closed()

asyncio.run(main())
