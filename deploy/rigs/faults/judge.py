"""Compares the sender's list with what the tables hold. The list is right."""

from collections import Counter
from typing import NamedTuple

from records import TABLES

# How billing.record_keys numbers the kinds.
KEY_KINDS = {"cdr": 1, "attempt": 2, "mdr": 3, "api": 4, "dlr": 5}


class Row(NamedTuple):
    key: str
    digest: str
    is_conflict: bool


class Verdict(NamedTuple):
    """Keys by what is wrong with them; all empty is what is wanted."""
    lost: list
    doubled: list
    stranger: list
    altered: list
    conflict: list


def found_rows(postgres):
    """All rows of the raw tables, as they are named on the sender's list."""
    parts = [
        f"SELECT '{kind}:' || {name}, md5(document), is_conflict FROM billing.{table}" for kind, (table, name) in TABLES.items()]
    return [Row(key, digest, conflict == "t") for key, digest, conflict in postgres.query(" UNION ALL ".join(parts))]


def judge(sent, rows):
    """Acknowledged once, there exactly once; sent at all, there at most once; never sent, not there."""
    found = Counter(row.key for row in rows if not row.is_conflict)
    return Verdict(
        lost=[key for key, record in sent.items() if record.is_acknowledged and not found[key]],
        doubled=[key for key, count in found.items() if count > 1],
        stranger=[row.key for row in rows if row.key not in sent],
        altered=[row.key for row in rows if row.key in sent and row.digest != sent[row.key].digest],
        conflict=[row.key for row in rows if row.is_conflict])


def counts_fault(postgres):
    """What is wrong with the counts; None where they are conserved and say what the tables say."""
    sums = [int(word) for word in postgres.query("""
        SELECT coalesce(sum(received), 0), coalesce(sum(accepted), 0), coalesce(sum(conflicts), 0), coalesce(sum(repeats), 0),
            coalesce(sum(rejected), 0) FROM billing.ingest_counts""")[0]]
    received, accepted, conflicts, repeats, rejected = sums
    if received != accepted + conflicts + repeats + rejected:
        return f"received {received} is not {accepted} + {conflicts} + {repeats} + {rejected}"
    stored = " UNION ALL ".join(f"SELECT is_conflict FROM billing.{table}" for table, _ in TABLES.values())
    owners, others = map(int, postgres.query(
        f"SELECT count(*) FILTER (WHERE NOT is_conflict), count(*) FILTER (WHERE is_conflict) FROM ({stored}) AS stored")[0])
    if (accepted, conflicts, rejected) != (owners, others, 0):
        return f"{accepted} accepted, {conflicts} conflicts, {rejected} rejected, and {owners} rows, {others} of conflicts"
    return None


def keys_fault(postgres):
    """What is wrong with the keys; None where every key has its row, and every row that is no conflict its key."""
    owners = " UNION ALL ".join(
        f"SELECT {KEY_KINDS[kind]}::smallint AS kind, id AS key_hash, raw_seq, usage_day AS raw_day FROM billing.{table}"
        " WHERE NOT is_conflict"
        for kind, (table, _) in TABLES.items())
    rows, keys = map(int, postgres.query(f"""
        SELECT count(*) FILTER (WHERE claim IS NULL), count(*) FILTER (WHERE owner IS NULL)
        FROM ({owners}) AS owner FULL JOIN billing.record_keys AS claim USING (kind, key_hash, raw_seq, raw_day)""")[0])
    return f"{rows} rows without their key, {keys} keys without their row" if rows or keys else None


def spans_fault(postgres):
    """What is wrong with the spans; None where they count every row of each table and day."""
    rows = " UNION ALL ".join(
        f"SELECT '{table}' AS kind, usage_day, count(*) AS count FROM billing.{table} GROUP BY usage_day"
        for table, _ in TABLES.values())
    wrong = postgres.query(f"""
        SELECT kind, usage_day, coalesce(spans.count, 0), coalesce(stored.count, 0)
        FROM ({rows}) AS stored
        FULL JOIN (SELECT kind, usage_day, sum(count) AS count FROM billing.raw_spans GROUP BY kind, usage_day) AS spans
            USING (kind, usage_day)
        WHERE spans.count IS DISTINCT FROM stored.count""")
    return "; ".join(f"{kind} of {day}: {said} said, {there} there" for kind, day, said, there in wrong) or None


FAULTS = {"counts": counts_fault, "keys": keys_fault, "spans": spans_fault}


def findings(sent, postgres):
    """All that is wrong, by name; every value is empty or None where nothing is."""
    return judge(sent, found_rows(postgres))._asdict() | {name: fault(postgres) for name, fault in FAULTS.items()}


def finding(name, sent, postgres):
    """One of the findings."""
    return FAULTS[name](postgres) if name in FAULTS else getattr(judge(sent, found_rows(postgres)), name)
