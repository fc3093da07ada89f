import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def handler(reader, writer):
    print('Client connected')
    await asyncio.sleep(2 * SECOND)
    raise Exception('Something bad happened')
    print('Never reached')


async def main():
    async with (server := await asyncio.start_server(handler, '127.0.0.1', PORT)):
        print('Server is running')
        await server.serve_forever()

asyncio.run(main())
