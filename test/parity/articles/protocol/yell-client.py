import asyncio
import os

PORT = int(os.environ.get('PORT', 1234))


class TalkingClient(asyncio.Protocol):
    def __init__(self, loop):
        self.loop = loop

    def connection_made(self, transport):
        self.transport = transport
        self.talk()

    def data_received(self, data):
        self.talk()

    def connection_lost(self, exc):
        self.loop.stop()

    def talk(self):
        self.transport.write(b'Hello World!')


loop = asyncio.new_event_loop()
loop.run_until_complete(loop.create_connection(lambda: TalkingClient(loop), '127.0.0.1', PORT))
try:
    loop.run_forever()
finally:
    loop.close()
