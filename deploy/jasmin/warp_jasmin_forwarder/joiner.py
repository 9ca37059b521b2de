"""Joins facts into records, in whatever order they come: one MDR per message, one DLR per receipt.

A record holds nothing but what Jasmin's messages say, no clock of ours: made twice, it is the same record, which the door counts
as a repeat. Only *when* something is given up depends on the clock.
"""

import dataclasses
import json

from .facts import digest

# What a part has beside the fields of a message.
OF_PART = ("content", "number", "total", "reference")


@dataclasses.dataclass(frozen=True)
class Patience:
    """After how many seconds what is missing is no longer waited for."""

    # Much longer than Jasmin's delays before it tries again: until then a throttled message may still get through.
    retry: float = 6 * 3600
    # Longer than the five minutes for which Jasmin itself keeps the parts of an inbound message.
    parts: float = 600
    # Jasmin may hold a message for hours when a connector is down.
    answer: float = 3 * 86_400


class Joiner:
    def __init__(self, journal, customers, retried, patience=Patience()):
        """customers: number called to BAN; retried: the statuses after which Jasmin tries again by itself."""
        self.journal, self.customers, self.retried, self.patience = journal, customers, retried, patience

    def take(self, fact, now):
        """One fact, once: in a transaction of the journal."""
        if fact.kind == "submit":
            self.journal.keep("submit", fact.key, "", fact.fields, now)
            self.settle_outbound(fact.key, now)
        elif fact.kind == "answer":
            place = f"{fact.fields['completed_at']} {fact.fields['status']} {fact.fields['smsc_message_id']}"
            self.journal.keep("answer", fact.key, place, fact.fields, now)
            self.settle_outbound(fact.key, now)
        elif fact.kind == "receipt":
            self.journal.emit({"record_type": "sms.dlr"} | fact.fields)
        elif fact.kind == "inbound":
            self.emit_inbound(fact.fields)
        elif fact.kind == "copy":
            self.journal.keep("copy", fact.key, fact.fields["message_id"], fact.fields, now)
            self.settle_long(fact.key)
        elif fact.kind == "part":
            self.journal.keep("part", fact.key, f"{fact.fields['number']:03d}", fact.fields, now)
            self.settle_parts(fact.key, now)

    # Outbound

    def settle_outbound(self, message_id, now):
        """Makes what submit and answers allow: a record of each interim status, and the final one once."""
        submit = self.journal.kept("submit", message_id).get("")
        if submit is None:
            return
        is_made = bool(self.journal.kept("final", message_id))
        for answer in self.journal.kept("answer", message_id).values():
            is_retried = answer["status"] in self.retried
            if is_retried or is_made:
                # Throttled, or accepted again because Jasmin was killed before it knew of the first time: evidence.
                self.emit_interim(message_id, submit, answer, now)
            else:
                self.emit_final(message_id, submit, answer, now)
                is_made = True
        if is_made:
            self.journal.forget("answer", message_id)

    def emit_final(self, message_id, submit, answer, now):
        self.journal.emit(outbound(message_id, submit) | answered(answer) | {"final": True})
        self.journal.keep("final", message_id, "", {}, now)

    def emit_interim(self, message_id, submit, answer, now):
        """Once for each status, however often it is throttled: so without the instant of this one answer."""
        if answer["status"] not in self.journal.kept("interim", message_id):
            said = {name: value for name, value in answered(answer).items() if name != "completed_at"}
            self.journal.emit(outbound(message_id, submit) | said | {"final": False})
            self.journal.keep("interim", message_id, answer["status"], {}, now)

    # Inbound

    def settle_parts(self, group, now):
        """Once all parts are there they are one content, for which Jasmin's joined copy is looked for."""
        parts = list(self.journal.kept("part", group).values())
        if [part["number"] for part in parts] != list(range(1, parts[0]["total"] + 1)):
            return
        key = whole_key(parts)
        first = {name: value for name, value in parts[0].items() if name not in OF_PART}
        whole = first | {"segments": len(parts), "content_bytes": sum(len(part["content"]) // 2 for part in parts)}
        self.journal.keep("whole", key, parts[0]["message_id"], whole, now)
        self.journal.forget("part", group)
        self.settle_long(key)

    def settle_long(self, key):
        """A joined copy and a whole of the same content are one message: the copy names it, the parts count it."""
        copies, wholes = self.journal.kept("copy", key), self.journal.kept("whole", key)
        for (copy_id, copy), (whole_id, whole) in zip(copies.items(), wholes.items()):
            self.emit_inbound(copy | {"segments": whole["segments"]})
            self.journal.forget("copy", key, copy_id)
            self.journal.forget("whole", key, whole_id)

    def emit_inbound(self, fields, **others):
        called = fields["destination_addr"] or ""
        record = {"record_type": "sms.mdr", "direction": "mo", "service": "sms", "status": "RECEIVED", "final": True}
        self.journal.emit(record | fields | {"user_id": self.customers.get(called.lstrip("+"))} | others)

    # What never came

    def give_up(self, now, since):
        """Makes what can be made of what has waited long enough; since: from when on the broker was listened to without a break."""
        if now - since < self.patience.parts:
            return
        parts_before = now - self.patience.parts
        for group in self.journal.waiting_since("part", parts_before):
            parts = list(self.journal.kept("part", group).values())
            fields = {name: value for name, value in parts[0].items() if name not in OF_PART}
            self.emit_inbound(fields | {"segments": len(parts)}, status="INCOMPLETE", final=False)
            self.journal.forget("part", group)
        for key in self.journal.waiting_since("whole", parts_before):
            for whole in self.journal.kept("whole", key).values():
                self.emit_inbound(whole, joined_by="forwarder")
            self.journal.forget("whole", key)
        for key in self.journal.waiting_since("copy", parts_before):
            for copy in self.journal.kept("copy", key).values():
                self.emit_inbound(copy | {"segments": segments(copy)}, segments_by="length")
            self.journal.forget("copy", key)
        for message_id in self.journal.waiting_since("final", parts_before):
            self.forget_outbound(message_id)
        if now - since >= min(self.patience.retry, self.patience.answer):
            self.give_up_answers(now)

    def give_up_answers(self, now):
        for message_id in self.journal.waiting_since("answer", now - self.patience.retry):
            answers = self.journal.kept("answer", message_id)
            last = answers[max(answers)]
            submit = self.journal.kept("submit", message_id).get("")
            if submit is None:
                self.emit_interim(message_id, {"connector_id": last["connector_id"]}, last, now)
            else:
                self.emit_final(message_id, submit, last, now)
            self.forget_outbound(message_id)
        for message_id in self.journal.waiting_since("submit", now - self.patience.answer):
            submit = self.journal.kept("submit", message_id)[""]
            self.journal.emit(outbound(message_id, submit) | {"status": "NO_ANSWER", "final": False})
            self.forget_outbound(message_id)

    def forget_outbound(self, message_id):
        for kind in ("submit", "answer", "interim", "final"):
            self.journal.forget(kind, message_id)


def outbound(message_id, submit):
    """The fields of an outbound message that do not depend on its answer."""
    return {
        "record_type": "sms.mdr", "direction": "mt", "service": "sms", "message_id": message_id, "smsc_message_id": None,
    } | submit


def answered(answer):
    """The fields that an answer brings."""
    fields = {name: answer[name] for name in ("status", "smsc_message_id", "completed_at")}
    if answer["smsc_message_id_sent"] != answer["smsc_message_id"]:
        fields["smsc_message_id_sent"] = answer["smsc_message_id_sent"]
    return fields


def whole_key(parts):
    """The key that Jasmin's joined copy of these parts has."""
    first = parts[0]
    addresses = [first["connector_id"], first["source_addr"], first["destination_addr"]]
    return json.dumps(addresses + [digest(bytes.fromhex("".join(part["content"] for part in parts)))])


def segments(copy):
    """How many parts a joined text takes, where its parts were never seen."""
    whole, part = {8: (140, 134), 4: (140, 134), 2: (140, 134)}.get(copy["data_coding"], (160, 153))
    return 1 if copy["content_bytes"] <= whole else -(-copy["content_bytes"] // part)
