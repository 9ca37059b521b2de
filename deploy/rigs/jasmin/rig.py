"""Drives messages through a real Jasmin while its neighbours are killed, and compares the tables with what the SMSC saw."""

import argparse
import json
import struct
import subprocess
import sys
import time

import compare
from jasmin import Jasmin
from programs import Run, broker, capture, door, forwarder, name_server, waiting_messages
from smsc import SMSC
from waiting import wait_until

USERS = ("BAN200001", "BAN200002")
# Numbers called by inbound messages, with their customers; the last one is nobody's.
NUMBERS = {"12025550123": "BAN200001", "12025550124": "BAN200002"}
NOBODYS = "12025550125"
LONG = "This is a long test message that needs several parts. " * 7
KINDS = {
    "single part": ("10", {}), "UCS-2": ("11", {"coding": 8}), "long": ("12", {}), "doubled receipt": ("90", {}),
    "no receipt": ("91", {}), "undelivered": ("92", {}), "expired": ("93", {}), "refused": ("94", {}),
    "throttled, then taken": ("95", {}), "early receipt": ("96", {}), "rejected later": ("97", {}),
}


class Rig:
    def __init__(self, options):
        self.run = Run(options.path, options.bin, options.ports)
        self.smsc = SMSC(self.run.ports["smsc"])
        self.names, self.broker, self.door = name_server(self.run), broker(self.run), door(self.run)
        self.jasmin, self.forwarder = Jasmin(self.run), forwarder(self.run, NUMBERS)
        self.capture = capture(self.run, options.capture) if options.capture else None
        self.callbacks = f"http://127.0.0.1:{self.run.ports['door']}/ingest/v1/jasmin"
        self.sent, self.received = [], []
        self.started = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.started:5.0f} s  {text}", flush=True)

    def go(self):
        self.names.start()
        self.broker.start(wait=False)
        self.door.start()
        self.broker.wait()
        # Before Jasmin, so that nothing is said that it does not hear.
        code, said = self.forwarder.check()
        assert code == 0, f"check: {said}"
        self.forwarder.start()
        if self.capture:
            self.capture.start()
        self.jasmin.start()
        self.jasmin.configure(USERS, self.callbacks)
        wait_until(lambda: self.smsc.is_bound, "Jasmin binds to the SMSC", 60)
        self.say("everything runs")

        self.send_all()
        self.send_inbound()
        self.send("always throttled", "98", {})
        self.settle("a quiet time")

        self.send_all(kill=(4, self.forwarder.kill))
        self.send_inbound()
        self.wait_for_smsc()
        self.forwarder.start()
        self.settle("the forwarder killed in the middle")

        self.send_all(kill=(4, self.door.kill))
        self.wait_for_smsc()
        self.door.start()
        self.settle("the door killed in the middle")

        self.kill_jasmin()
        self.settle("Jasmin killed with messages unanswered")

        self.kill_broker()
        self.settle("the broker killed with messages in our queue")

    def send(self, kind, digits, options):
        number = len(self.sent)
        text = LONG + f"#{number}" if kind == "long" else f"Your code is 123456. Reply STOP to opt out. #{number}"
        content = {"content": text}
        if options.get("coding") == 8:
            content = {"coding": 8, "hex-content": f"Café ☕ #{number}".encode("utf-16-be").hex()}
        level = number % 3 + 1
        content |= {"dlr": "yes", "dlr-level": level, "dlr-method": "POST", "dlr-url": f"{self.callbacks}/dlr/{self.jasmin.secret()}"}
        user = USERS[number % 2]
        # Every message has a number called of its own; the last two digits tell the SMSC what to do.
        destination = f"1202{number:05d}{digits}"
        message_id = self.jasmin.send(user, "12025550123", destination, **content)
        self.sent.append(compare.Sent(message_id, kind, user, destination, level))

    def send_all(self, kill=None):
        """Every kind once, two accounts, levels 1 to 3 in turn; in the middle of it something is killed."""
        for place, (kind, (digits, options)) in enumerate(KINDS.items()):
            if kill and place == kill[0]:
                kill[1]()
            self.send(kind, digits, options)

    def send_inbound(self):
        """Messages to our numbers: whole, in UCS-2, in parts by header and by parameter, and to a number of nobody."""
        turn = len(self.received)
        text = LONG[:300].encode() + b" #%d" % turn
        parts = [text[start:start + 120] for start in range(0, len(text), 120)]
        source = f"1303555{turn:04d}"
        numbers = [*NUMBERS, NOBODYS]
        for kind, called in zip(("whole", "UCS-2", "nobody's"), numbers[:2] + [NOBODYS]):
            content = f"Ja ✓ #{turn}".encode("utf-16-be") if kind == "UCS-2" else b"STOP #%d" % turn
            self.smsc.inbound(source, called, content, coding=8 if kind == "UCS-2" else 0)
            self.received.append(compare.Received(kind, source, called, 1, NUMBERS.get(called)))
        for number, part in enumerate(parts, 1):
            header = bytes([5, 0, 3, 0x55 + turn & 0xFF, len(parts), number])
            self.smsc.inbound(source + "1", numbers[0], header + part, esm_class=0x40)
        self.received.append(compare.Received("parts by header", source + "1", numbers[0], len(parts), NUMBERS[numbers[0]]))
        for number, part in enumerate(parts, 1):
            tlvs = struct.pack(">HHHHHBHHB", 0x020C, 2, 200 + turn, 0x020E, 1, len(parts), 0x020F, 1, number)
            self.smsc.inbound(source + "2", numbers[1], part, tlvs=tlvs)
        self.received.append(compare.Received("parts by parameter", source + "2", numbers[1], len(parts), NUMBERS[numbers[1]]))

    def kill_jasmin(self):
        """The SMSC has taken messages and not answered: Jasmin sends them again, and only one of the two counts."""
        for _ in range(3):
            self.send("sent twice", "99", {})
        wait_until(lambda: bool(self.smsc.held), "the SMSC holds an answer back", 30)
        # Jasmin says Success before its broker has the message: one that is killed sooner loses it.
        wait_until(lambda: waiting_messages(self.run, "submit.sm.smsc1") == 2, "the other two are in Jasmin's queue", 30)
        self.jasmin.kill()
        self.smsc.release()
        self.jasmin.start()
        wait_until(lambda: self.smsc.is_bound, "Jasmin binds again", 60)
        self.send_all()

    def kill_broker(self):
        """What Jasmin said while the forwarder was away lies in a queue that outlives the broker."""
        self.forwarder.kill()
        self.send_all()
        self.send_inbound()
        self.wait_for_smsc()
        # Without confirmations only the queue knows what has arrived: 11 submits, 12 answers, 10 receipts, 3 messages in one part,
        # 6 parts and 2 joined copies.
        wait_until(lambda: waiting_messages(self.run) == 44, "44 messages in the queue", 30)
        self.broker.kill()
        self.jasmin.kill()
        self.forwarder.start()
        self.broker.start()
        wait_until(lambda: self.broker_has_forwarder(), "the forwarder is connected again", 60)
        self.jasmin.start()
        wait_until(lambda: self.smsc.is_bound, "Jasmin binds again", 60)
        self.send_all()
        self.send_inbound()

    def broker_has_forwarder(self):
        log = (self.run.path / "log/forwarder.log").read_text()
        return log.rfind("Connected to the broker") > log.rfind("Started.")

    def wait_for_smsc(self):
        """Until the SMSC has seen the end of everything, and Jasmin has its last receipt."""
        wait_until(lambda: compare.all_seen(self.sent, self.smsc) and not self.smsc.unacknowledged, "the SMSC has seen all", 60)

    def settle(self, what):
        self.wait_for_smsc()
        differences = ["not compared yet"]

        def agrees():
            nonlocal differences
            differences = compare.differences(self.sent, self.received, self.smsc, rows)
            return not differences
        try:
            wait_until(agrees, what, 60)
        except AssertionError:
            raise AssertionError(f"after {what}:\n  " + "\n  ".join(differences[:20])) from None
        self.say(f"{what}: agrees")


def rows(sql):
    """The rows of a query, as JSON."""
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t"],
        text=True, capture_output=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--ports", type=int, required=True, help="the first of 12 free ports")
    parser.add_argument("--capture", help="where to write every message of the broker")
    options = parser.parse_args()
    rig = Rig(options)
    try:
        rig.go()
        print(compare.table(rig.sent, rig.received, rig.smsc, rows))
        return 0
    except (AssertionError, OSError, subprocess.SubprocessError) as failure:
        print(f"FAILED: {failure}\n(logs are in {rig.run.path}/log)", file=sys.stderr)
        return 1
    finally:
        rig.run.end()


if __name__ == "__main__":
    sys.exit(main())
