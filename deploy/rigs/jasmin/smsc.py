"""An SMSC stand-in: an SMPP 3.4 server on loopback that plays a part for each number called, and writes down what it saw.

What it plays is told by the last two digits of the number; see PARTS.
"""

import asyncio
import dataclasses
import struct
import threading
import time

SUBMIT, DELIVER, ENQUIRE, UNBIND = 0x04, 0x05, 0x15, 0x06
BINDS = (0x01, 0x02, 0x09)
ANSWER = 0x8000_0000
OK, INVALID_DESTINATION, THROTTLED = 0x00, 0x0B, 0x58
PARTS = {
    "90": "doubled receipt", "91": "no receipt", "92": "UNDELIV", "93": "EXPIRED", "94": "refused", "95": "throttled once",
    "96": "early receipt", "97": "REJECTD", "98": "always throttled", "99": "held back",
}


@dataclasses.dataclass
class Submit:
    """What arrived, and what was answered."""

    source: str
    destination: str
    coding: int
    content: bytes
    status: int
    smsc_id: str | None


@dataclasses.dataclass(frozen=True)
class Receipt:
    smsc_id: str
    status: str


class SMSC:
    """Runs in a thread of its own with its own event loop, and outlives every kill of the others."""

    def __init__(self, port):
        self.port = port
        self.submits, self.receipts, self.unacknowledged = [], [], {}
        self.throttled, self.held = {}, []
        self.holding = True
        self.writer = None
        self.stamps = {}
        # Receipts that were asked for and not sent yet.
        self.receipts_due = 0
        self.number = self.sequence = 0
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=[started], daemon=True)
        self.thread.start()
        assert started.wait(10), "the SMSC does not listen"

    def serve(self, started):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.session, "127.0.0.1", self.port))
        started.set()
        self.loop.run_forever()

    @property
    def is_bound(self):
        return self.writer is not None

    async def session(self, reader, writer):
        try:
            while True:
                length, command, status, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                self.command(writer, command, sequence, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            if self.writer is writer:
                self.writer = None
            writer.close()

    def command(self, writer, command, sequence, body):
        if command in BINDS:
            self.answer(writer, command, sequence, b"rig\0")
            self.writer = writer
            # Like an SMSC that was not told that a message arrived: it is sent again.
            for pdu in list(self.unacknowledged.values()):
                writer.write(pdu)
        elif command == SUBMIT:
            self.submit(writer, sequence, body)
        elif command in (ENQUIRE, UNBIND):
            self.answer(writer, command, sequence)
        elif command == DELIVER | ANSWER:
            self.unacknowledged.pop(sequence, None)

    @staticmethod
    def answer(writer, command, sequence, body=b"", status=OK):
        writer.write(struct.pack(">IIII", 16 + len(body), command | ANSWER, status, sequence) + body)

    def submit(self, writer, sequence, body):
        source, destination, wants_receipt, coding, content = parsed(body)
        part = PARTS.get(destination[-2:], "DELIVRD")
        times = self.throttled.get((destination, content), 0)
        status = OK
        if part == "refused":
            status = INVALID_DESTINATION
        elif part == "always throttled" or part == "throttled once" and times == 0:
            status = THROTTLED
            self.throttled[destination, content] = times + 1
        smsc_id = None
        if status == OK:
            self.number += 1
            # Answers and receipts of real SMSCs differ in case and leading zeros.
            smsc_id = f"00a{self.number:07x}"
        self.submits.append(Submit(source, destination, coding, content, status, smsc_id))
        if part == "held back" and self.holding:
            self.held.append(smsc_id)
            return
        if part == "early receipt" and wants_receipt:
            self.receipt(smsc_id, "DELIVRD")
        self.answer(writer, SUBMIT, sequence, smsc_id.encode() + b"\0" if smsc_id else b"", status)
        if status == OK and wants_receipt and part not in ("early receipt", "no receipt"):
            word = part if part.isupper() else "DELIVRD"
            for delay in (0.3, 0.6) if part == "doubled receipt" else (0.3,):
                self.receipts_due += 1
                self.loop.call_later(delay, self.due_receipt, smsc_id, word)

    def due_receipt(self, smsc_id, word):
        self.receipts_due -= 1
        self.receipt(smsc_id, word)

    def receipt(self, smsc_id, word):
        """A receipt, or the same one once more."""
        if smsc_id not in self.stamps:
            self.stamps[smsc_id] = time.strftime("%y%m%d%H%M")
            self.receipts.append(Receipt(smsc_id, word))
        stamp = self.stamps[smsc_id]
        text = (f"id:{smsc_id.upper()} sub:001 dlvrd:{'001' if word == 'DELIVRD' else '000'} submit date:{stamp} "
                f"done date:{stamp} stat:{word} err:{'000' if word == 'DELIVRD' else '027'} text:of the rig")
        self.deliver("15550000000", "rig", text.encode(), esm_class=0x04)

    def deliver(self, source, destination, content, esm_class=0, coding=0, tlvs=b""):
        """One deliver_sm; a client that is away gets it when it is back."""
        self.sequence += 1
        body = b"\0" + address(source) + address(destination) + bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0])
        body += bytes([len(content)]) + content + tlvs
        pdu = struct.pack(">IIII", 16 + len(body), DELIVER, OK, self.sequence) + body
        self.unacknowledged[self.sequence] = pdu
        if self.writer is not None:
            self.writer.write(pdu)

    def inbound(self, *arguments, **options):
        """deliver(), from another thread."""
        self.loop.call_soon_threadsafe(lambda: self.deliver(*arguments, **options))

    def release(self):
        """Holds nothing back any more."""
        self.holding = False


def address(number):
    return bytes([1, 1]) + number.encode() + b"\0"


def parsed(body):
    """The fields of a submit_sm that matter here."""
    place = body.index(b"\0") + 1
    source, place = text_at(body, place + 2)
    destination, place = text_at(body, place + 2)
    place += 3
    for _ in range(2):
        place = body.index(b"\0", place) + 1
    registered, _, coding, _, length = body[place:place + 5]
    return source, destination, registered & 1, coding, body[place + 5:place + 5 + length]


def text_at(body, place):
    end = body.index(b"\0", place)
    return body[place:end].decode(), end + 1
