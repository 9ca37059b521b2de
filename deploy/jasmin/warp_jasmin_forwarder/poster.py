"""Posts records to cdr-ingest over a kept connection. What it says is final only with 202; everything else is tried again."""

import http.client
import json
import logging
import socket
import time
import urllib.parse

log = logging.getLogger("poster")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Poster:
    """Takes records from the journal's front, in batches; never blocks longer than one request."""

    def __init__(self, journal, door):
        self.journal, self.door = journal, door
        self.connection = None
        self.batch = door.batch
        self.pause = FIRST_PAUSE
        self.not_before = 0.0

    def step(self):
        """Posts one batch, where one is there and it is time; says whether anything was taken."""
        if time.monotonic() < self.not_before:
            return False
        rows = self.journal.oldest(self.batch)
        if not rows:
            return False
        try:
            status, headers, answer = self.post(b"".join(body.encode() + b"\n" for _, body in rows))
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            return self.wait(f"no answer: {fault or type(fault).__name__}")
        if status == 202:
            return self.taken(rows, answer)
        if status == 422 and len(rows) == 1:
            log.error("The door rejected a record and kept it. answer=%s record=%s", answer[:500], rows[0][1])
            return self.leave(rows)
        if status == 413 and len(rows) > 1:
            self.batch = max(1, len(rows) // 2)
            log.warning("A batch is too large for the door. next=%d", self.batch)
            return True
        # 503 and 429 say when; 401 and 404 are an operator's to mend, and nothing is lost until then.
        return self.wait(f"{status} {answer[:200]!r}", headers.get("Retry-After"))

    def post(self, body, kind="application/x-ndjson"):
        """One request; the answer is read whole, so that the connection can be used again."""
        if self.connection is None:
            self.connection = connection(self.door)
        with open(self.door.token_file, encoding="ascii") as file:
            token = file.read().strip()
        self.connection.request("POST", self.door.path, body=body, headers={
            "Authorization": f"Bearer {token}", "Content-Type": kind})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")

    def taken(self, rows, answer):
        try:
            verdicts = json.loads(answer).get("records", [])
        except ValueError:
            # Taken all the same: 202 says that; something between us and the door has changed its words.
            log.warning("The door's answer names no verdicts. answer=%r", answer[:200])
            verdicts = []
        for (_, body), verdict in zip(rows, verdicts):
            if verdict.get("verdict") == "rejected":
                log.error("The door rejected a record and kept it. reason=%s pointer=%s record=%s",
                          verdict.get("reason"), verdict.get("pointer"), body)
            elif verdict.get("verdict") == "conflict":
                log.warning("The door has another record under this key; it kept both. key=%s", verdict.get("key"))
        self.batch = min(self.door.batch, self.batch * 2)
        return self.leave(rows)

    def leave(self, rows):
        self.journal.taken([number for number, _ in rows])
        self.pause, self.not_before = FIRST_PAUSE, 0.0
        return True

    def wait(self, why, retry_after=None):
        asked = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        pause = min(max(self.pause, asked), LONGEST_PAUSE)
        log.warning("The door did not take a batch; it is sent again. why=%s seconds=%.1f", why, pause)
        self.not_before = time.monotonic() + pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return False

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def connection(door):
    """A connection to the door's address; opened by its first request."""
    url = urllib.parse.urlsplit(door.url)
    if url.scheme == "unix":
        return UnixConnection(url.path, door.timeout_seconds)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    return kind(url.hostname, url.port, timeout=door.timeout_seconds)
