"""What to compare with: the same program as asyncio-ts.ts, in CPython's asyncio or on uvloop."""

import asyncio
import socket
import sys

PIECE = 65_536
BACKLOG = 4096


async def echo(connection, loop):
    while data := await loop.sock_recv(connection, PIECE):
        await loop.sock_sendall(connection, data)
    connection.close()


async def main():
    loop = asyncio.get_running_loop()
    tasks = set()
    server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server_socket.setblocking(False)
    server_socket.bind(("127.0.0.1", 0))
    server_socket.listen(BACKLOG)
    print(f"listening on {server_socket.getsockname()}", flush=True)
    while True:
        connection, _ = await loop.sock_accept(server_socket)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.create_task(echo(connection, loop))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
