"""PostgreSQL as the pollers see it: a proxy that cuts connections in the middle of what they write.

Of the transactions that write outcomes (they are those that COPY rows) a share fails, first tries and later ones alike: half of them are
cut at their first row, so that nothing is committed; the other half when COMMIT was done and its answer is on the way, so that
everything is committed and the poller can't know it.
"""

import asyncio
import random
import socket
import struct
import threading
from collections import Counter


class Cutter:
    def __init__(self, directory, port, behind, share, seed):
        self.path, self.behind, self.share = directory / f".s.PGSQL.{port}", behind, share
        self.random = random.Random(seed)
        self.done = Counter()
        # How many transactions with rows each process has open.
        self.writing = Counter()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=[ready], daemon=True).start()
        ready.wait(10)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_unix_server(self.serve, self.path))
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        peer = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        try:
            server = await asyncio.open_unix_connection(self.behind)
        except OSError:
            writer.transport.abort()
            return
        await Session(self, struct.unpack("3i", peer)[0], (reader, writer), server).run()


class Session:
    """One connection. Messages are relayed whole: a type, a length and the rest; the first one of a client has no type."""

    def __init__(self, cutter, process, client, server):
        self.cutter, self.process, self.client, self.server = cutter, process, client, server
        self.is_writing = self.is_doomed = False

    async def run(self):
        tasks = [asyncio.ensure_future(self.relay_client()), asyncio.ensure_future(self.relay_server())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.ended()
            for _, writer in (self.client, self.server):
                writer.transport.abort()

    async def relay_client(self):
        reader, _ = self.client
        size = await reader.readexactly(4)
        await self.send(self.server, size + await reader.readexactly(struct.unpack("!i", size)[0] - 4))
        while True:
            kind, message = await read(reader)
            if kind == b"d" and not self.is_writing:
                self.begun()
                # A network that takes its time: what is open can be hit.
                await asyncio.sleep(self.cutter.random.uniform(0, 0.02))
                if self.is_doomed and self.cutter.random.random() < 0.5:
                    self.cutter.done["cut before the commit"] += 1
                    return
            await self.send(self.server, message)

    async def relay_server(self):
        reader, _ = self.server
        while True:
            kind, message = await read(reader)
            if kind == b"C" and self.is_writing and message[5:] == b"COMMIT\0":
                if self.is_doomed:
                    self.cutter.done["cut after the commit"] += 1
                    return
                self.cutter.done["committed"] += 1
            if kind == b"Z" and message[5:] == b"I":
                self.ended()
            await self.send(self.client, message)

    async def send(self, side, message):
        side[1].write(message)
        await side[1].drain()

    def begun(self):
        self.is_writing = True
        self.is_doomed = self.cutter.random.random() < self.cutter.share
        self.cutter.done["writes"] += 1
        self.cutter.writing[self.process] += 1

    def ended(self):
        if self.is_writing:
            self.cutter.writing[self.process] -= 1
        self.is_writing = self.is_doomed = False


async def read(reader):
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
