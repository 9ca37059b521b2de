"""Spoils the tables in ways that the judge must see, each in a transaction that is rolled back: a judge that can't fail proves nothing."""

from judge import finding

# The finding that each change must raise. `victim` is an acknowledged call; raw_seq 0 belongs to nobody.
CHANGES = {
    "lost": ["DELETE FROM billing.raw_cdr WHERE sip_uuid = {victim}"],
    "doubled": ["INSERT INTO billing.raw_cdr SELECT (jsonb_populate_record(call, '{{\"raw_seq\": 0}}')).* {call}"],
    "stranger": [
        "INSERT INTO billing.raw_cdr"
        " SELECT (jsonb_populate_record(call, '{{\"raw_seq\": 0, \"sip_uuid\": \"never sent\"}}')).* {call}"],
    "altered": ["UPDATE billing.raw_cdr SET document = document || ' ' WHERE sip_uuid = {victim}"],
    "conflict": ["UPDATE billing.raw_cdr SET is_conflict = true WHERE sip_uuid = {victim}"],
    "keys": [
        "DELETE FROM billing.record_keys WHERE kind = 1 AND key_hash = (SELECT id {call})",
        "UPDATE billing.record_keys SET raw_seq = 0 WHERE kind = 1 AND key_hash = (SELECT id {call})",
        "DELETE FROM billing.raw_cdr WHERE sip_uuid = {victim}"],
    "spans": ["UPDATE billing.raw_spans SET count = count + 1 WHERE last_seq = (SELECT min(last_seq) FROM billing.raw_spans)"],
    "counts": [
        "UPDATE billing.ingest_counts SET repeats = repeats + 1 WHERE id = (SELECT min(id) FROM billing.ingest_counts)",
        "UPDATE billing.ingest_counts SET received = received + 1, accepted = accepted + 1"
        " WHERE id = (SELECT min(id) FROM billing.ingest_counts)"],
}


class Spoiled:
    """The database as it would be after a change that is never committed."""

    def __init__(self, postgres, change):
        self.postgres, self.change = postgres, change

    def query(self, sql):
        return self.postgres.query(f"BEGIN; {self.change}; {sql}; ROLLBACK")


def missed(sent, postgres, before):
    """The changes that the judge does not see; `before` is what it found in the tables as they are."""
    calls = (key for key, record in sent.items() if key.startswith("cdr:") and record.is_acknowledged)
    if (call := next(calls, None)) is None:
        return ["no call was acknowledged, so nothing could be spoiled"]
    victim = call.partition(":")[2]
    names = {"victim": f"'{victim}'", "call": f"FROM billing.raw_cdr AS call WHERE sip_uuid = '{victim}'"}
    return [
        f"{name} ({change})" for name, changes in CHANGES.items() for change in changes
        if finding(name, sent, Spoiled(postgres, change.format(**names))) == before[name]]
