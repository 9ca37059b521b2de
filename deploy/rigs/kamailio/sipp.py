"""sipp as caller and as vendor, and what its message logs say of each call: they are the judge of the records."""

import itertools
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from waiting import RigError

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
MESSAGE = re.compile(r"^-{40,} (\d{4}-\d\d-\d\d)[ \t](\d\d:\d\d:\d\d\.\d+)\n\w+ message (sent|received) [^\n]*\n\n", re.M)

REPLY = """
SIP/2.0 {}
[last_Via:]
[last_From:]
To: <sip:[service]@[local_ip]:[local_port]>;tag=[pid]to[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:{}>{}
"""
SESSION = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=vendor 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 42000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


def scenario(name, path, **values):
    """Writes what sipp is given: a scenario with its messages put in."""
    text = (SCENARIOS / f"{name}.xml").read_text()
    for part in ("invite", "nack", "bye", "ok", "ack"):
        body = "\n" + (SCENARIOS / f"{part}.txt").read_text() + "\n"
        text = text.replace(f"@{part.upper()}2@", body.replace("@CSEQ@", "2"))
        text = text.replace(f"@{part.upper()}@", body.replace("@CSEQ@", "1"))
    text = re.sub(r"@(\d{3} [^@\n]+)@", lambda match: reply(match[1]), text)
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    path.write_text(text)


def reply(status):
    """A reply of a vendor: with a session where it answers, with another number where it redirects."""
    reason = '\nReason: Q.850;cause=34;text="No circuit/channel available"' if status.startswith("503") else ""
    user, where = ("+12125550101@", "@OTHER@") if status.startswith("302") else ("", "[local_ip]:[local_port]")
    tail = SESSION if status.startswith("200") else "Content-Length: 0\n\n"
    return REPLY.format(status, user + where, reason) + tail


@dataclass
class Seen:
    """What one side saw of one call; instants are seconds, None where nothing of the kind came."""
    invite: float
    target: str = ""
    ring: float | None = None
    answer: float | None = None
    final: float | None = None
    code: int | None = None
    bye: float | None = None
    bye_sent: bool = False
    cancelled: bool = False
    reinvites: int = 0


@dataclass
class Sipp:
    """One sipp: some calls of one kind, or a vendor."""
    name: str
    log: Path
    process: object = None
    calls: dict = field(default_factory=dict)

    def read(self):
        """Its message log as {Call-ID: Seen}, in the order of the calls."""
        self.calls = {}
        text = self.log.read_text(encoding="latin-1") if self.log.exists() else ""
        heads = list(MESSAGE.finditer(text))
        for head, following in zip(heads, heads[1:] + [None]):
            body = text[head.end():following.start() if following else len(text)]
            at = datetime.strptime(f"{head[1]} {head[2]}", "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc).timestamp()
            self.take(at, head[3] == "sent", body)
        return self.calls

    def take(self, at, is_sent, message):
        line, _, rest = message.partition("\n")
        call_id = re.search(r"(?im)^Call-ID:\s*(\S+)", rest)
        sequence = re.search(r"(?im)^CSeq:\s*(\d+)\s+(\w+)", rest)
        if not call_id or not sequence:
            raise RigError(f"{self.log}: a message without Call-ID or CSeq: {message[:200]}")
        number, method = int(sequence[1]), sequence[2]
        seen = self.calls.get(call_id[1])
        if line.startswith("INVITE "):
            if seen is None:
                self.calls[call_id[1]] = Seen(at, line.split()[1])
            elif number > 1:
                seen.reinvites = max(seen.reinvites, number - 1)
        elif seen is None:
            return
        elif line.startswith("SIP/2.0") and method == "INVITE" and number == 1:
            self.take_reply(seen, at, int(line.split()[1]))
        elif line.startswith("BYE ") and seen.bye is None:
            seen.bye, seen.bye_sent = at, is_sent
        elif line.startswith("CANCEL "):
            seen.cancelled = True

    @staticmethod
    def take_reply(seen, at, code):
        if 100 < code < 300 and seen.ring is None:
            seen.ring = at
        if code >= 200 and seen.code is None:
            seen.code, seen.final = code, at
            if code < 300:
                seen.answer = at


class Exchange:
    """Starts sipp after sipp, each on a port that no other has at that time."""

    def __init__(self, processes, proxy_port, ports):
        self.processes, self.proxy_port, self.ports = processes, proxy_port, itertools.cycle(ports)
        self.directory = processes.run / "sipp"
        self.directory.mkdir()
        self.vendors = []

    def start(self, name, path, port, words):
        log = self.directory / f"{name}.messages"
        process = self.processes.start(
            f"sipp-{name}",
            ["sipp", "-sf", path, "-p", port, "-trace_msg", "-message_file", log, "-message_overwrite", "false", "-nostdin", *words],
            environment={"TZ": "UTC", "TERM": "dumb"}, directory=self.directory)
        return Sipp(name, log, process)

    def vendor(self, name, port, elsewhere=False, **behaviour):
        """A vendor; with `elsewhere` its other address, to which it redirects."""
        file = f"{name}-elsewhere" if elsewhere else name
        path = self.directory / f"{file}.xml"
        scenario("vendor", path, **behaviour)
        sipp = self.start(file, path, port, ["-i", "127.0.0.1"])
        sipp.name = name
        self.vendors.append(sipp)

    def caller(self, kind):
        """The calls of a kind."""
        path = self.directory / f"{kind.name}.xml"
        scenario(kind.scenario, path)
        words = [
            f"127.0.0.1:{self.proxy_port}", "-i", kind.address, "-s", kind.called, "-m", kind.calls, "-r", kind.rate, "-d", kind.hold,
            "-key", "number", kind.caller, "-key", "display", kind.display, "-key", "extra", kind.extra,
            "-timeout", "60", "-timeout_error", "-recv_timeout", "20000",
        ]
        return self.start(kind.name, path, next(self.ports), words)

    def wait(self, callers, seconds=60):
        """Waits until these have made all their calls, as planned."""
        deadline = time.monotonic() + seconds
        for caller in callers:
            try:
                status = caller.process.wait(max(1, deadline - time.monotonic()))
            except Exception as failure:
                raise RigError(f"sipp {caller.name} does not come to an end") from failure
            if status != 0:
                raise RigError(f"sipp {caller.name} ended with {status}: {self.processes.log_end(f'sipp-{caller.name}', 40)}")
            caller.read()

    def vendor_calls(self):
        """{Call-ID: [(vendor, Seen)]} in the order of the attempts."""
        attempts = {}
        for vendor in self.vendors:
            for call_id, seen in vendor.read().items():
                attempts.setdefault(call_id, []).append((vendor.name, seen))
        for tries in attempts.values():
            tries.sort(key=lambda attempt: attempt[1].invite)
        return attempts
