import signal
import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def handler(reader, writer):
    pass


async def background_server():
    server = await asyncio.start_server(handler, '127.0.0.1', PORT)
    print(server)
    try:
        async with server:
            await server.serve_forever()
    finally:
        print(f'Server closed: serving={server.is_serving()}')


async def main():
    server_task = asyncio.create_task(background_server())
    await asyncio.sleep(2 * SECOND)
    print('Shutting down...')
    signal.raise_signal(signal.SIGINT)
    await asyncio.sleep(2 * SECOND)

asyncio.run(main())
