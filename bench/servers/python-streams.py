"""What to compare with: asyncio's streams, which set TCP_NODELAY themselves."""

import asyncio
import sys

PIECE = 65_536
BACKLOG = 4096


async def echo(reader, writer):
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=BACKLOG)
    print(f"listening on {server.sockets[0].getsockname()}", flush=True)
    await server.serve_forever()


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
