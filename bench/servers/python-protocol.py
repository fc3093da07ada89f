"""What to compare with: asyncio's callbacks, which set TCP_NODELAY themselves.

How much is read at once is the loop's own affair: 256 KiB in CPython, 256,000 bytes in uvloop.
"""

import asyncio
import sys

BACKLOG = 4096


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=BACKLOG)
    print(f"listening on {server.sockets[0].getsockname()}", flush=True)
    await server.serve_forever()


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
