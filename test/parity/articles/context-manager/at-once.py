import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def handler(reader, writer):
    pass


async def main():
    async with (server := await asyncio.start_server(handler, '127.0.0.1', PORT)):
        await server.serve_forever()

asyncio.run(main())
