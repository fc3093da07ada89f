import asyncio
import os

PORT = int(os.environ.get('PORT', 1234))


class YellServer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        print('Connection received from:', transport.get_extra_info('peername'))

    def data_received(self, data):
        self.transport.write(data.upper())

    def connection_lost(self, exc):
        print('Client disconnected')


loop = asyncio.new_event_loop()
server = loop.run_until_complete(loop.create_server(YellServer, '127.0.0.1', PORT))
try:
    loop.run_forever()
finally:
    server.close()
    loop.close()
