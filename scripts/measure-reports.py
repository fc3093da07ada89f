"""CPython's part of measure-reports.ts: python3 measure-reports.py idle|echoing COUNT"""
import asyncio
import json
import re
import socket
import sys
import time

CONNECTIONS = 10
PATIENCE = 30


async def pass_on(loop, source, target):
    try:
        while True:
            await loop.sock_sendall(target, await loop.sock_recv(source, 65536))
    finally:
        source.close()


async def start_echo(loop):
    listener = socket.socket()
    listener.setblocking(False)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    tasks = []
    for _ in range(CONNECTIONS):
        client = socket.socket()
        client.setblocking(False)
        await loop.sock_connect(client, listener.getsockname())
        server, _ = await loop.sock_accept(listener)
        tasks.append(asyncio.create_task(pass_on(loop, server, server)))
        tasks.append(asyncio.create_task(pass_on(loop, client, client)))
        await loop.sock_sendall(client, b'x' * 1000)
    listener.close()
    return tasks


async def main(load, count):
    loop = asyncio.get_running_loop()
    failed_at = {}
    delays = []
    all_reported = loop.create_future()

    def handler(loop, context):
        n = int(re.search(r"name='lost-(\d+)'", repr(context['future']))[1])
        delays.append((time.perf_counter() - failed_at[n]) * 1000)
        if len(delays) == count:
            all_reported.set_result(None)

    loop.set_exception_handler(handler)

    async def fails(n):
        await asyncio.sleep(0)
        failed_at[n] = time.perf_counter()
        raise Exception('nobody asks for this')

    echoing = await start_echo(loop) if load == 'echoing' else []
    await asyncio.sleep(0.5)
    for n in range(count):
        asyncio.create_task(fails(n), name=f'lost-{n}')
    await asyncio.wait_for(all_reported, PATIENCE)
    for task in echoing:
        task.cancel()
    await asyncio.gather(*echoing, return_exceptions=True)

    delays.sort()
    print(json.dumps({'median': delays[count >> 1], 'max': delays[-1]}))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
