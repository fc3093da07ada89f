import asyncio
import os

PORT = int(os.environ.get('PORT', 8888))
SECOND = float(os.environ.get('SECOND', 1))


async def main():
    print('Connecting...')
    reader, writer = await asyncio.open_connection('127.0.0.1', PORT)
    print('Connected')
    await asyncio.sleep(10 * SECOND)
    print('Shutting down...')
    writer.close()
    await writer.wait_closed()

asyncio.run(main())
