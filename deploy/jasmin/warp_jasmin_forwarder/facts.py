"""What one message of the broker says, as plain values: a submit, an answer, a receipt, an inbound message or a part of one."""

import dataclasses
import hashlib
import json
from datetime import datetime, timezone

from . import pickles

# Fields of the broker's messages that are bytes in a fact are kept in hexadecimal, so that a fact is JSON.


@dataclasses.dataclass(frozen=True)
class Message:
    """A message as the broker hands it over."""

    routing_key: str
    message_id: str
    headers: dict
    body: bytes

    @property
    def fingerprint(self):
        """Equal for a message and its redelivery, and for a receipt that the SMSC sent twice."""
        headers = sorted((str(name), repr(value)) for name, value in self.headers.items())
        return hashlib.sha256(repr((self.routing_key, self.message_id, headers, self.body)).encode()).digest()[:16]


@dataclasses.dataclass(frozen=True)
class Fact:
    """What a message says. `key` is by what it is joined: the message's id, the receipt's, or a part's group."""

    kind: str
    key: str
    fields: dict


class Unreadable(Exception):
    """A message of the broker that says nothing we know."""


class Interpreter:
    """Turns messages into facts. `zone` is the time zone of Jasmin's clock; None is this host's."""

    def __init__(self, zone=None):
        self.zone = zone

    def fact(self, message):
        """The fact in a message, or None where it holds none for us."""
        words = message.routing_key.split(".")
        try:
            if words[:3] == ["submit", "sm", "resp"]:
                return self.answer(message, words[3])
            if words[:2] == ["submit", "sm"]:
                return self.submit(message, words[2])
            if words[:2] == ["deliver", "sm"]:
                return self.inbound(message, words[2])
            return receipt(message) if message.headers.get("dlr_id") is not None else None
        except (pickles.UnreadablePickle, AttributeError, KeyError, IndexError, TypeError, ValueError) as fault:
            raise Unreadable(f"{message.routing_key} {message.message_id}: {type(fault).__name__}: {fault}") from fault

    def instant(self, local):
        """Jasmin's created_at (local time without a zone) as an instant in UTC."""
        stamp = datetime.fromisoformat(text(local))
        stamp = stamp.replace(tzinfo=self.zone) if self.zone else stamp.astimezone()
        return stamp.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def submit(self, message, connector):
        """A message on its way to the SMSC; a long one is a chain of PDUs."""
        pdu = pickles.read(message.body)
        chain = [pdu]
        while (following := getattr(chain[-1], "nextPdu", None)) is not None and len(chain) < 255:
            chain.append(following)
        fields = {
            "connector_id": connector,
            "source_connector": text(message.headers.get("source_connector")),
            "source_addr": text(pdu.params.get("source_addr")),
            "destination_addr": text(pdu.params.get("destination_addr")),
            "data_coding": pickles.data_coding(pdu.params.get("data_coding")),
            "content_bytes": sum(len(content(part)) - header_length(part) for part in chain),
            "segments": len(chain),
            "submitted_at": self.instant(message.headers["created_at"]),
        }
        if (bill := message.headers.get("submit_sm_bill")) is not None:
            fields |= billed(pickles.read(bill), len(chain))
        return Fact("submit", message.message_id, fields)

    def answer(self, message, connector):
        """What the SMSC said to a submit; of a long message, to its last part."""
        pdu = pickles.read(message.body)
        sent = text(pdu.params.get("message_id"))
        return Fact("answer", message.message_id, {
            "connector_id": connector,
            "status": pdu.status.name,
            "smsc_message_id": coded(sent),
            "smsc_message_id_sent": sent,
            "completed_at": self.instant(message.headers["created_at"]),
        })

    def inbound(self, message, connector):
        """A message from the SMSC: whole, a part of a long one, or the copy that Jasmin joined of its parts."""
        pdu = pickles.read(message.body).pdu
        fields = {
            "message_id": message.message_id,
            "connector_id": connector,
            "source_addr": text(pdu.params.get("source_addr")),
            "destination_addr": text(pdu.params.get("destination_addr")),
            "data_coding": pickles.data_coding(pdu.params.get("data_coding")),
            "received_at": self.instant(message.headers["created_at"]),
        }
        addresses = [connector, fields["source_addr"], fields["destination_addr"]]
        said = content(pdu)
        if message.headers.get("will_be_concatenated"):
            fields |= part_of(pdu, said)
            group = addresses + [fields["reference"], fields["total"]]
            return Fact("part", json.dumps(group), fields)
        fields["content_bytes"] = len(said)
        if message.headers.get("concatenated"):
            return Fact("copy", json.dumps(addresses + [digest(said)]), fields)
        return Fact("inbound", message.message_id, fields | {"segments": 1})


def receipt(message):
    """A delivery receipt. It has no stamp but the SMSC's own, and no message id: it is joined by connector and SMSC id."""
    told = message.headers
    return Fact("receipt", message.message_id, {
        "connector_id": text(told.get("cid")),
        "smsc_message_id": text(message.message_id),
        "smsc_message_id_sent": text(told["dlr_id"]),
        "message_status": text(told.get("dlr_stat")),
        "error_code": text(told.get("dlr_err")),
        "submit_date": text(told.get("dlr_sdate")),
        "done_date": text(told.get("dlr_ddate")),
        "sub": text(told.get("dlr_sub")),
        "dlvrd": text(told.get("dlr_dlvrd")),
    })


def billed(bill, segments):
    """Whose message it is, and what Jasmin would charge for it: evidence, binary floating point rounded to seven places."""
    rate = sum(amount for amount in bill.amounts.values() if isinstance(amount, (int, float)))
    return {
        "user_id": text(bill.user.uid), "rate_per_segment": round(rate, 7), "charge": round(rate * segments, 7),
    }


def part_of(pdu, said):
    """Where a part stands in its message, by SAR parameters or by the header in the text, and what it says."""
    if "sar_msg_ref_num" in pdu.params:
        place = [pdu.params[f"sar_{name}"] for name in ("msg_ref_num", "total_segments", "segment_seqnum")]
        reference, total, number = [f"sar {place[0]}", *place[1:]]
    else:
        reference, total, number = f"udh {said[3]}", said[4], said[5]
        said = said[6:]
    return {"reference": reference, "total": total, "number": number, "content": said.hex()}


def content(pdu):
    """What a PDU carries, in whichever of its two places."""
    return pdu.params.get("short_message") or pdu.params.get("message_payload") or b""


def header_length(pdu):
    """Bytes of the header by which a part of a long message is told."""
    said = content(pdu)
    return 6 if "sar_msg_ref_num" not in pdu.params and said[:3] == b"\x05\x00\x03" else 0


def coded(smsc_id):
    """An SMSC's id as Jasmin compares it: receipts come with other case and other leading zeros than answers."""
    return smsc_id.upper().lstrip("0") if smsc_id else smsc_id


def digest(said):
    """Tells contents apart."""
    return hashlib.sha256(said).hexdigest()


def text(value):
    """A value of a PDU or header as text; nothing stays nothing."""
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)
