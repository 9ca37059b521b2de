"""What came of it: a table for people, and whether all is well."""

import re
import time


def report(rig, injector, findings, rows, missed):
    """Prints the table; true where nothing is wrong."""
    ledger = rig.ledger
    records = ledger.records.values()
    print("\nfaults")
    for name, count in sorted(injector.done.items()):
        line(name, count)
    line("of these while another lasted", injector.overlaps)
    print("requests")
    for event, count in sorted(ledger.events.items()):
        line(event, count)
    for share, name in ((0.5, "p50"), (0.99, "p99"), (1, "max")):
        line(f"answered 202 within, {name}", f"{ledger.latency(share):.1f} ms")
    print("records")
    line("sent", len(records))
    line("sent more than once", sum(record.times > 1 for record in records))
    line("acknowledged", sum(record.is_acknowledged for record in records))
    line("found", len(rows))
    found = {row.key for row in rows}
    line("found, though never acknowledged", sum(
        key in found for key, record in ledger.records.items() if not record.is_acknowledged))
    for fault, what in findings.items():
        if isinstance(what, list):
            line(fault, len(what), ", ".join(what[:5]))
        else:
            line(fault, "disagree" if what else "agree")
    problems = wrong(rig, findings, missed)
    print(f"\n{time.monotonic() - rig.began:.0f} s, seed {rig.options.seed}")
    for problem in problems:
        print(f"FAILED: {problem}")
    if not problems:
        print("Every acknowledged record is there exactly once.")
    return not problems


def wrong(rig, findings, missed):
    """All that must not be, in words."""
    events = rig.ledger.events
    problems = [
        f"{len(what)} {fault}: {', '.join(what[:20])}" if isinstance(what, list) else f"{fault}: {what}"
        for fault, what in findings.items() if what]
    problems += [f"{count} × {event}" for event, count in sorted(events.items()) if event.startswith("unexpected")]
    problems += [f"{events[word]} × {word}" for word in ("verdict conflict", "verdict rejected") if events[word]]
    met = ("503 of a full spool", "verdict spooled", "verdict repeat", "given up")
    problems += [f"no request met: {event}" for event in met if not events[event]]
    problems += [f"the judge does not see: {change}" for change in missed]
    for instance in rig.instances:
        errors = re.findall(r"^.* (?:error|critical) cdr-ingest: .*$", instance.log.read_text(errors="replace"), re.MULTILINE)
        problems += [f"instance {instance.name} logged {len(errors)} errors, first: {errors[0]}"] if errors else []
    return problems


def line(name, value, more=""):
    print(f"  {name:42} {value:>12} {more}".rstrip())
