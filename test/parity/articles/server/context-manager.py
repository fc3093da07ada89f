import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def handler(reader, writer):
    pass


async def main():
    server = await asyncio.start_server(handler, '127.0.0.1', port=PORT)
    print(server)
    async with server:
        await asyncio.sleep(2 * SECOND)
    print(server)
    print(f'Serving: {server.is_serving()}')

asyncio.run(main())
