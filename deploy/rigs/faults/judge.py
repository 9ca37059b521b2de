"""Compares the sender's list with what the tables hold. The list is right."""

from collections import Counter
from typing import NamedTuple

from records import TABLES


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


def counts_fault(postgres, rows):
    """What is wrong with the counts; None where they are conserved and say what the tables say."""
    sums = [int(word) for word in postgres.query("""
        SELECT coalesce(sum(received), 0), coalesce(sum(accepted), 0), coalesce(sum(conflicts), 0), coalesce(sum(repeats), 0),
            coalesce(sum(rejected), 0) FROM billing.ingest_counts""")[0]]
    received, accepted, conflicts, repeats, rejected = sums
    if received != accepted + conflicts + repeats + rejected:
        return f"received {received} is not {accepted} + {conflicts} + {repeats} + {rejected}"
    if accepted != sum(not row.is_conflict for row in rows) or conflicts != sum(row.is_conflict for row in rows) or rejected:
        return f"{accepted} accepted, {conflicts} conflicts, {rejected} rejected, and {len(rows)} rows"
    return None


def check_judge(sent, rows):
    """Whether the judge would see it: a row taken away, doubled, altered or made up, in copies of what was found. Says what it missed."""
    places = (place for place, row in enumerate(rows) if row.key in sent and sent[row.key].is_acknowledged)
    if (place := next(places, None)) is None:
        return ["single"]
    row, others = rows[place], rows[:place] + rows[place + 1:]
    copies = {
        "lost": others, "doubled": rows + [row], "altered": others + [row._replace(digest="0")],
        "stranger": rows + [row._replace(key="cdr:nobody's")], "conflict": rows + [row._replace(is_conflict=True)],
    }
    before = judge(sent, rows)
    return [
        fault for fault, copy in copies.items()
        if len(getattr(judge(sent, copy), fault)) != len(getattr(before, fault)) + 1]
