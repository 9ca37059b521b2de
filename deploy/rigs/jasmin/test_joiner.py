"""The joiner and its journal over messages of a real broker: whatever their order, however often they come, and wherever the forwarder
is killed, the same records come out, each once."""

import base64
import json
import pickle
import random
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "jasmin"))

from warp_jasmin_forwarder import pickles  # noqa: E402
from warp_jasmin_forwarder.facts import Interpreter, Message  # noqa: E402
from warp_jasmin_forwarder.joiner import Joiner, Patience  # noqa: E402
from warp_jasmin_forwarder.journal import Journal  # noqa: E402

CUSTOMERS = {"12025550123": "BAN200001", "12025550124": "BAN200002"}
RETRIED = frozenset({"ESME_RTHROTTLED"})
SEED = 20261123


def messages(name):
    """A fixture's messages, as the broker handed them over."""
    def plain(value):
        return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
    with open(HERE / "fixtures" / name, encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            headers = {header: plain(value) for header, value in told["headers"].items()}
            yield Message(told["routing_key"], told["message_id"], headers, plain(told["body"]) or b"")


class Forwarder:
    """What the service does with messages, without broker and door."""

    def __init__(self, path):
        self.path = path
        self.start()

    def start(self):
        self.journal = Journal(self.path)
        self.joiner = Joiner(self.journal, CUSTOMERS, RETRIED, Patience(retry=100, parts=50, answer=1000))
        self.interpreter = Interpreter(ZoneInfo("UTC"))

    def write(self, batch, now, fails=False):
        """One transaction; fails: it is killed before the commit."""
        try:
            with self.journal:
                for message in batch:
                    if self.journal.is_new(message.fingerprint):
                        fact = self.interpreter.fact(message)
                        if fact is not None:
                            self.joiner.take(fact, now)
                if fails:
                    raise InterruptedError
        except InterruptedError:
            self.restart()

    def restart(self):
        self.journal.close()
        self.start()

    def give_up(self, now):
        with self.journal:
            self.joiner.give_up(now, 0)

    def records(self):
        return Counter(body for _, body in self.journal.oldest(10_000))


class JoinerTests(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.number = 0

    def forwarder(self):
        self.number += 1
        made = Forwarder(f"{self.directory.name}/{self.number}.sqlite")
        self.addCleanup(lambda: made.journal.close())
        return made

    def straight(self, name="messages.jsonl"):
        """The records of a fixture in its own order."""
        forwarder = self.forwarder()
        forwarder.write(list(messages(name)), 0)
        for now in (60, 120, 240):
            forwarder.give_up(now)
        return forwarder

    def test_every_message_of_the_capture_makes_one_record(self):
        forwarder = self.straight()
        records = [json.loads(body) for body in forwarder.records()]
        final = [one for one in records if one["record_type"] == "sms.mdr" and one["final"]]
        outbound = [one for one in final if one["direction"] == "mt"]
        self.assertEqual(len(outbound), 12)
        self.assertEqual(len({one["message_id"] for one in outbound}), 12)
        self.assertEqual(Counter(one["status"] for one in outbound), {"ESME_ROK": 10, "ESME_RINVDSTADR": 1, "ESME_RTHROTTLED": 1})
        self.assertEqual(Counter(one["segments"] for one in outbound), {1: 11, 3: 1})
        inbound = sorted((one["segments"], one["user_id"] or "") for one in final if one["direction"] == "mo")
        self.assertEqual(inbound, [(1, ""), (1, "BAN200001"), (1, "BAN200002"), (3, "BAN200001"), (3, "BAN200002")])
        interim = [one for one in records if one.get("final") is False]
        self.assertEqual([one["status"] for one in interim], ["ESME_RTHROTTLED"] * 2)
        self.assertEqual(len([one for one in records if one["record_type"] == "sms.dlr"]), 9)
        self.assertEqual(forwarder.journal.counts(), {"records": len(records)})

    def test_order_doubles_and_kills_change_nothing(self):
        wanted = self.straight().records()
        self.assertEqual(set(wanted.values()), {1})
        every = list(messages("messages.jsonl"))
        chance = random.Random(SEED)
        for turn in range(60):
            shuffled = every + chance.sample(every, chance.randrange(len(every)))
            chance.shuffle(shuffled)
            forwarder = self.forwarder()
            while shuffled:
                size = chance.randrange(1, 12)
                self.deliver(forwarder, shuffled[:size], chance)
                shuffled = shuffled[size:]
            for now in (60, 120, 240):
                forwarder.give_up(now)
            self.assertEqual(forwarder.records(), wanted, f"seed {SEED}, turn {turn}")

    def deliver(self, forwarder, batch, chance):
        """A batch; killed before its commit, or after it and before it was acknowledged, it comes once more."""
        if chance.random() < 0.3:
            forwarder.write(batch, 0, fails=True)
        elif chance.random() < 0.3:
            forwarder.write(batch, 0)
            forwarder.restart()
        forwarder.write(batch, 0)

    def test_a_restart_at_every_point(self):
        wanted = self.straight().records()
        every = list(messages("messages.jsonl"))
        for cut in range(len(every) + 1):
            forwarder = self.forwarder()
            forwarder.write(every[:cut], 0)
            forwarder.restart()
            forwarder.write(every[max(0, cut - 7):], 0)
            for now in (60, 120, 240):
                forwarder.give_up(now)
            self.assertEqual(forwarder.records(), wanted, f"cut at {cut}")

    def test_statuses_that_are_pickled_by_number(self):
        forwarder = self.straight("members_by_number.jsonl")
        records = [json.loads(body) for body in forwarder.records()]
        found = sorted((one["segments"], one["status"], one["smsc_message_id"] or "", one["final"]) for one in records)
        self.assertEqual(found, [
            (1, "ESME_ROK", "A0000007", True), (1, "ESME_RTHROTTLED", "", False), (3, "ESME_ROK", "A0000005", True)])

    def test_a_message_without_its_parts_counts_them_by_length(self):
        forwarder = self.forwarder()
        forwarder.write([one for one in messages("messages.jsonl") if one.headers.get("concatenated")], 0)
        self.assertEqual(forwarder.records(), Counter())
        forwarder.give_up(60)
        records = [json.loads(body) for body in forwarder.records()]
        self.assertEqual([(one["segments"], one["segments_by"]) for one in records], [(2, "length")] * 2)

    def test_parts_without_the_joined_copy_are_a_message_all_the_same(self):
        forwarder = self.forwarder()
        forwarder.write([one for one in messages("messages.jsonl") if one.headers.get("will_be_concatenated")], 0)
        self.assertEqual(forwarder.records(), Counter())
        forwarder.give_up(60)
        records = [json.loads(body) for body in forwarder.records()]
        self.assertEqual([(one["segments"], one["final"], one["joined_by"]) for one in records], [(3, True, "forwarder")] * 2)

    def test_a_pickle_can_name_nothing_but_what_jasmin_writes(self):
        class Evil:
            def __reduce__(self):
                return print, ("ran",)
        for data in (pickle.dumps(Evil()), b"cos\nsystem\n(S'true'\ntR.", b"", b"\x80\x02garbage",
                     b"\x80\x02cbuiltins\ngetattr\ncbuiltins\nset\nX\x03\x00\x00\x00pop\x86R."):
            with self.assertRaises(pickles.UnreadablePickle):
                pickles.read(data)


if __name__ == "__main__":
    unittest.main()
