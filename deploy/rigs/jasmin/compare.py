"""What the SMSC saw against what stands in the tables."""

import dataclasses
from collections import Counter

from smsc import OK, PARTS, THROTTLED

STATUSES = {OK: "ESME_ROK", THROTTLED: "ESME_RTHROTTLED", 0x0B: "ESME_RINVDSTADR"}
# After so many throttled answers Jasmin tries no more; see its configuration in jasmin.py.
MOST_TRIES = 3


@dataclasses.dataclass(frozen=True)
class Sent:
    """A message given to Jasmin; the number called is its alone."""

    message_id: str
    kind: str
    user: str
    destination: str
    level: int


@dataclasses.dataclass(frozen=True)
class Received:
    """A message that the SMSC sent to Jasmin; no other has its two numbers."""

    kind: str
    source: str
    called: str
    segments: int
    user: str | None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a message came to, by the SMSC's list."""

    status: str
    segments: int
    smsc_id: str | None
    is_throttled: bool


def coded(smsc_id):
    """An id as Jasmin compares it."""
    return smsc_id.upper().lstrip("0") if smsc_id else None


def outcome(message, smsc):
    """What the SMSC did with a message, or None while it isn't done."""
    answered = [one for one in smsc.submits if one.destination == message.destination and one.smsc_id not in smsc.held]
    throttled = [one for one in answered if one.status == THROTTLED]
    others = [one for one in answered if one.status != THROTTLED]
    if not others:
        if PARTS.get(message.destination[-2:]) != "always throttled" or len(throttled) < MOST_TRIES:
            return None
        return Outcome("ESME_RTHROTTLED", 1, None, True)
    last = others[-1]
    # A part of a long message says in its header how many there are.
    segments = last.content[4] if last.content[:3] == b"\x05\x00\x03" else 1
    if len(others) < segments:
        return None
    return Outcome(STATUSES[last.status], segments, coded(last.smsc_id), bool(throttled))


def all_seen(sent, smsc):
    """Whether the SMSC is done with every message, and has sent every receipt that was asked for."""
    return all(outcome(message, smsc) for message in sent) and smsc.receipts_due == 0


def differences(sent, received, smsc, rows):
    """What is in the tables and ought not to be, or the other way round; empty when all agrees."""
    messages = rows("""
        SELECT message_id, source, is_conflict, is_final, customer_ban, connector, smsc_id, document::json AS document
        FROM billing.raw_mdr""")
    receipts = rows("""
        SELECT source, is_conflict, message_id, connector, smsc_id, message_status FROM billing.raw_dlr""")
    found = [f"rejected at the door: {one}" for one in rows("SELECT reason, pointer FROM billing.ingest_rejects")]
    outbound = [one for one in messages if one["document"]["direction"] == "mt"]
    inbound = [one for one in messages if one["document"]["direction"] == "mo"]
    return (found + outbound_differences(sent, smsc, outbound) + inbound_differences(received, inbound)
            + receipt_differences(sent, smsc, receipts, outbound) + callback_differences(sent, smsc, receipts))


def outbound_differences(sent, smsc, rows):
    """One final record a message, as the SMSC's last answer to it was; one interim one where it was throttled."""
    wanted = Counter()
    for message in sent:
        done = outcome(message, smsc)
        if done is None:
            continue
        common = ("jasmin-forwarder", False, message.message_id, message.user, message.destination, "smsc1", done.segments)
        wanted[(*common, True, done.status, done.smsc_id)] += 1
        if done.is_throttled:
            wanted[(*common, False, "ESME_RTHROTTLED", None)] += 1
    there = Counter(
        (row["source"], row["is_conflict"], row["message_id"], row["customer_ban"], row["document"].get("destination_addr"),
         row["connector"], row["document"]["segments"], row["is_final"], row["document"]["status"], row["smsc_id"])
        for row in rows)
    return ([f"outbound, not there: {one}" for one in wanted - there] + [f"outbound, too much: {one}" for one in there - wanted])


def inbound_differences(received, rows):
    """Each message came through two doors under one id: one of the two records counts, the other is kept as a conflict."""
    found = []
    by_numbers = {}
    for row in rows:
        numbers = (row["document"]["source_addr"], row["document"]["destination_addr"])
        by_numbers.setdefault(numbers, []).append(row)
    for message in received:
        twins = by_numbers.pop((message.source, message.called), [])
        ours = [row for row in twins if row["source"] == "jasmin-forwarder"]
        if Counter(row["source"] for row in twins) != {"jasmin-forwarder": 1, "jasmin-callbacks": 1}:
            found.append(f"inbound, {message}: {[(row['source'], row['message_id']) for row in twins]}")
        elif len({row["message_id"] for row in twins}) != 1 or sum(not row["is_conflict"] for row in twins) != 1:
            found.append(f"inbound, counted other than once: {message}")
        elif (ours[0]["document"]["segments"], ours[0]["customer_ban"], ours[0]["is_final"]) != (
                message.segments, message.user, True):
            found.append(f"inbound, {message}: {ours[0]}")
    return found + [f"inbound, too much: {numbers}" for numbers in by_numbers]


def receipt_differences(sent, smsc, rows, outbound):
    """Each receipt once, however often it came and however early, and each joined to its message by connector and SMSC id."""
    wanted = Counter((False, "smsc1", coded(one.smsc_id), one.status) for one in smsc.receipts)
    there = Counter(
        (row["is_conflict"], row["connector"], row["smsc_id"], row["message_status"])
        for row in rows if row["source"] == "jasmin-forwarder")
    found = [f"receipt, not there: {one}" for one in wanted - there] + [f"receipt, too much: {one}" for one in there - wanted]
    messages = Counter((row["connector"], row["smsc_id"]) for row in outbound if row["is_final"] and row["smsc_id"])
    found += [f"receipt that joins {messages[one[1:3]]} messages: {one}" for one in there if messages[one[1:3]] != 1]
    return found


def callback_differences(sent, smsc, rows):
    """Jasmin's own callbacks say nothing but what the SMSC did. They may be lost with Jasmin, so nothing is missed."""
    by_id = {message.message_id: message for message in sent}
    told = {(coded(one.smsc_id), one.status) for one in smsc.receipts}
    found = []
    for row in rows:
        if row["source"] != "jasmin-callbacks":
            continue
        message = by_id.get(row["message_id"])
        if message is None:
            found.append(f"callback for no message: {row}")
        elif row["message_status"].startswith("ESME_"):
            done = outcome(message, smsc)
            if done and row["message_status"] != done.status and not done.is_throttled:
                found.append(f"callback, {done}: {row}")
        elif (coded(row["smsc_id"]), row["message_status"]) not in told:
            found.append(f"callback that the SMSC did not send: {row}")
    return found


def table(sent, received, smsc, rows):
    """How many of each kind the SMSC saw, and how many stand in the tables."""
    finals = {row["message_id"]: row for row in rows(
        "SELECT message_id, document::json AS document FROM billing.raw_mdr WHERE is_final AND NOT is_conflict")}
    lines = ["", f"{'messages out':28}{'sent':>6}{'PDUs':>6}{'records':>9}{'segments':>10}"]
    for kind in dict.fromkeys(message.kind for message in sent):
        of_kind = [message for message in sent if message.kind == kind]
        numbers = {message.destination for message in of_kind}
        documents = [finals[message.message_id]["document"] for message in of_kind]
        lines.append(f"  {kind:26}{len(of_kind):6}{sum(one.destination in numbers for one in smsc.submits):6}"
                     f"{len(documents):9}{sum(document['segments'] for document in documents):10}")
    counted = Counter((row["document"]["source_addr"], row["document"]["destination_addr"]) for row in finals.values())
    lines.append(f"{'messages in':28}{'sent':>6}{'PDUs':>6}{'records':>9}")
    for kind in dict.fromkeys(message.kind for message in received):
        of_kind = [message for message in received if message.kind == kind]
        lines.append(f"  {kind:26}{len(of_kind):6}{sum(message.segments for message in of_kind):6}"
                     f"{sum(counted[message.source, message.called] for message in of_kind):9}")
    counts = {row["source"]: row["count"] for row in rows("SELECT source, count(*) FROM billing.raw_dlr GROUP BY source")}
    lines.append(f"{'receipts':28}{'sent':>6}{'':6}{'records':>9}")
    lines.append(f"  {'by the forwarder':26}{len(smsc.receipts):6}{'':6}{counts.get('jasmin-forwarder', 0):9}")
    lines.append(f"  {'by callback (not judged)':26}{'':6}{'':6}{counts.get('jasmin-callbacks', 0):9}")
    return "\n".join(lines)
