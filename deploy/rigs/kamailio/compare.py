"""Records against what sipp saw: each call exactly once, with the same outcome and, within a tolerance, the same times."""

from collections import Counter
from datetime import datetime

# Kamailio and sipp share two busy cores: what one does in a millisecond the other may note a moment later.
TOLERANCE_MS = 500
# Dialogs are looked at once a second, in whole ticks: a cut comes up to a second early or late. (Late is why wallet grants a second less
# than it holds.)
CUT_MS = 1_000


def instant(stamp):
    """A record's stamp in seconds; None where there is none. It must be UTC with milliseconds."""
    if stamp is None:
        return None
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() if stamp.endswith("Z") and len(stamp) == 24 else stamp


class Comparison:
    """Faults of one kind of call, each as a sentence; and the greatest differences found."""

    def __init__(self, kind):
        self.kind, self.faults, self.worst = kind, [], 0
        self.calls = self.records = self.attempts = 0

    def equal(self, what, found, wanted):
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            self.faults.append(f"{what}: {found!r} where {wanted!r} was expected")

    def near(self, what, found_ms, wanted_ms, tolerance=TOLERANCE_MS):
        if not isinstance(found_ms, (int, float)) or not isinstance(wanted_ms, (int, float)):
            self.equal(what, found_ms, wanted_ms)
            return
        difference = found_ms - wanted_ms
        if tolerance == TOLERANCE_MS:
            self.worst = max(self.worst, abs(difference))
        if abs(difference) > tolerance:
            self.faults.append(f"{what}: {found_ms:.0f} where {wanted_ms:.0f} ms was expected")

    def at(self, what, stamp, seen):
        """A stamp of a record against the instant at which sipp sent or got the message."""
        found = instant(stamp)
        if isinstance(found, str):
            self.faults.append(f"{what}: {stamp} is no UTC stamp with milliseconds")
        else:
            self.near(what, found and found * 1000, seen and seen * 1000)


def compare(kind, calls, vendor_calls, records, attempts):
    """One kind: `calls` {Call-ID: Seen} of the callers; records and attempts as {Call-ID: [document]}."""
    found = Comparison(kind)
    for call_id, seen in calls.items():
        found.calls += 1
        of_call = records.get(call_id, [])
        found.records += len(of_call)
        found.attempts += len(attempts.get(call_id, []))
        if len(of_call) != 1:
            found.faults.append(f"{call_id}: {len(of_call)} records")
            continue
        of_vendors = vendor_calls.get(call_id, [])
        if seen.bye is None and of_vendors:
            # A caller who has vanished sees no BYE: the vendor does.
            seen.bye = of_vendors[-1][1].bye
        compare_call(found, seen, of_call[0])
        compare_attempts(
            found, of_call[0], sorted(attempts.get(call_id, []), key=lambda attempt: attempt["attempt_number"]),
            of_vendors)
    return found


def compare_call(found, seen, record):
    kind = found.kind
    found.equal("disposition", record["disposition"], kind.disposition)
    found.equal("code that sipp got", seen.code, kind.code)
    found.equal("sip_response_code", record["sip_response_code"], seen.code)
    found.equal("hangup_party", record["hangup_party"], kind.hung_up)
    found.equal("hung up by the caller", seen.bye_sent, kind.hung_up == "caller")
    found.equal("attempts", record["attempts"], len(kind.tries))
    found.equal("customer_ban", record["customer_ban"], kind.ban)
    found.equal("direction", record["direction"], "terminating")
    found.equal("authorized_seconds", record["authorized_seconds"], kind.authorized)
    found.equal("selected_vendor", record["selected_vendor"], kind.tries[-1][0] if kind.tries else None)
    found.equal("vendor_trunk", record["vendor_trunk"], f"{kind.tries[-1][0]}-t1" if kind.tries else None)
    found.at("start_stamp", record["start_stamp"], seen.invite)
    found.at("answer_stamp", record["answer_stamp"], seen.answer)
    found.at("end_stamp", record["end_stamp"], seen.bye if seen.answer else seen.final)
    if seen.ring:
        found.near("pdd_ms", record["pdd_ms"], (seen.ring - seen.invite) * 1000)
    else:
        found.equal("pdd_ms", record["pdd_ms"], None)
    if seen.answer:
        found.near("duration_ms", record["duration_ms"], (seen.bye - seen.answer) * 1000)
        if kind.seconds:
            found.near("cut after", record["duration_ms"], kind.seconds * 1000, CUT_MS)
    else:
        found.equal("duration_ms", record["duration_ms"], 0)
    compare_identity(found, seen, record)


def compare_identity(found, seen, record):
    """What the headers of the INVITE said, byte for byte."""
    kind = found.kind
    headers = dict(line.split(": ", 1) for line in kind.extra.split("\r\n") if line)
    found.equal("sip_pai", record["sip_pai"], headers.get("P-Asserted-Identity"))
    found.equal("sip_rpid", record["sip_rpid"], headers.get("Remote-Party-ID"))
    found.equal("sip_pci", record["sip_pci"], headers.get("P-Charge-Info"))
    display = kind.display.replace("\udce9", "?")
    found.equal(
        "sip_from", record["sip_from"].split(";tag=")[0], f"{display} <sip:{kind.caller}@sbc1.example.net>")
    found.equal("sip_ruri", record["sip_ruri"], seen.target)
    found.equal("raw_ani", record["raw_ani"], kind.caller)
    found.equal("dni", record["dni"], kind.called.split(";")[0])
    found.equal("lrn", record["lrn"], "+12025551000" if "rn=" in kind.called else None)
    found.equal("npdi", record["npdi"], ";npdi" in kind.called)
    found.equal("source_ip", record["source_ip"], kind.address)
    found.equal("sip_contact", record["sip_contact"].split("@")[0], f"<sip:{kind.caller}")


def compare_attempts(found, record, attempts, seen):
    kind = found.kind
    found.equal(
        "attempts", [(a["attempt_number"], a["vendor_name"], a["disposition"], a["sip_response_code"]) for a in attempts],
        [(number, *wanted) for number, wanted in enumerate(kind.tries, 1)])
    found.equal("vendors that got the call", Counter(vendor for vendor, _ in seen), Counter(vendor for vendor, _, _ in kind.tries))
    for attempt in attempts:
        found.equal("attempt's sip_uuid", attempt["sip_uuid"], record["sip_uuid"])
        found.equal("attempt's vendor_trunk", attempt["vendor_trunk"], f"{attempt['vendor_name']}-t1")
        answered = attempt["disposition"] == "ANSWERED"
        found.equal("attempt's answer_stamp", attempt["answer_stamp"], record["answer_stamp"] if answered else None)
        if answered:
            found.equal("attempt's end_stamp", attempt["end_stamp"], record["end_stamp"])
            compare_media(found, attempt)
    for attempt, (vendor, call) in zip(attempts, seen):
        found.equal("vendor", attempt["vendor_name"], vendor)
        found.equal("code that the vendor gave", attempt["sip_response_code"], call.code or 408)
        found.at("attempt's start_stamp", attempt["start_stamp"], call.invite)
        found.near("attempt's pdd_ms", attempt["pdd_ms"], call.ring and (call.ring - call.invite) * 1000)


def compare_media(found, attempt):
    """The statistics of the BYE: 5 of 1,203 packets lost; 20 of 1,000, with a MOS, where the callee hung up."""
    wanted = {"caller": (None, "0.41", 4), "callee": ("4.21", "2.00", 7), "switch": (None, None, None)}[found.kind.hung_up]
    wanted = found.kind.media or wanted
    found.equal("mos, loss, jitter", (attempt["mos_score"], attempt["packet_loss"], attempt["jitter_ms"]), wanted)
