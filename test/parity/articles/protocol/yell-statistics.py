import asyncio
import os
import time

PORT = int(os.environ.get('PORT', 1234))


class YellServer(asyncio.Protocol):
    connections = 0
    messages = 0
    started_at = time.monotonic()

    def __init__(self):
        YellServer.started_at = time.monotonic()

    def connection_made(self, transport):
        self.transport = transport
        YellServer.connections += 1

    def data_received(self, data):
        self.transport.write(data.upper())
        YellServer.messages += 1


loop = asyncio.new_event_loop()
server = loop.run_until_complete(loop.create_server(YellServer, '127.0.0.1', PORT))
try:
    loop.run_forever()
except KeyboardInterrupt:
    pass
finally:
    server.close()
    loop.close()

seconds = time.monotonic() - YellServer.started_at
print(f'Server ran for: {seconds:.2f} seconds')
print(f'Connections: {YellServer.connections}')
print(f'Messages sent: {YellServer.messages}')
print(f'Messages per second: {YellServer.messages / seconds:.2f}')
