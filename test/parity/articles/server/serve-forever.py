import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def handler(reader, writer):
    pass


async def main():
    server = await asyncio.start_server(handler, '127.0.0.1', port=PORT)
    print(server)
    await server.serve_forever()

asyncio.run(main())
