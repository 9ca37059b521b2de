"""What stands in the tables against what the oracle says."""

import copy
import json
import subprocess
from collections import Counter, defaultdict
from decimal import Decimal

from waiting import RigError

KINDS = {"cdr": "rated_cdr", "mdr": "rated_mdr", "api": "rated_api_usage"}
KEYS = {"cdr": "sip_uuid", "mdr": "message_id", "api": "usage_id"}
SERVICES = {"cdr": "voice", "mdr": "message", "api": "api"}
PARKED_AS = {"raw_cdr": "cdr", "raw_mdr": "mdr", "raw_api_usage": "api"}


def rows(sql):
    """The rows of a query as dictionaries; numbers keep their digits."""
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) AS t"], text=True,
        capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RigError(f"{sql}\n{done.stderr}")
    return json.loads(done.stdout, parse_float=Decimal)


def value(sql):
    return next(iter(rows(sql)[0].values()))


def open_work():
    """True when every raw record has its outcome."""
    left = value("""
        SELECT (SELECT count(*) FROM billing.raw_cdr) + (SELECT count(*) FROM billing.raw_mdr WHERE is_final)
            + (SELECT count(*) FROM billing.raw_api_usage) + (SELECT count(*) FROM billing.raw_vendor_cdr)
            - (SELECT count(*) FROM billing.rated_cdr) - (SELECT count(*) FROM billing.rated_mdr)
            - (SELECT count(*) FROM billing.rated_api_usage) - (SELECT count(*) FROM billing.vendor_cdr)
            - (SELECT count(*) FROM billing.unrated_usage WHERE resolved_by IS NULL)""")
    return left <= 0 or f"{left} records without an outcome"


def waiting():
    """True when nothing waits any more: no attempt for its call, no record for another try."""
    left = value("SELECT count(*) FROM billing.unrated_usage WHERE status = 'waiting' AND resolved_at IS NULL")
    return left == 0 or f"{left} records wait"


def read():
    """The tables as lists of (key, facts): a key that stands twice is there twice."""
    found = {"rated": [], "parked": [], "attempts": []}
    for kind, table in KINDS.items():
        found["rated"] += [
            ((kind, row["key"]), (
                row["status"], tuple(row["flags"]), row["class_key"], row["charge"], row["vendor_cost"], row["customer_ban"]))
            for row in rows(f"""
                SELECT {KEYS[kind]} AS key, status, flags, class_key, charge::text, vendor_cost::text, customer_ban
                FROM billing.{table}""")]
    for row in rows("SELECT kind, natural_key, status, flags, evidence FROM billing.unrated_usage WHERE resolved_at IS NULL"):
        evidence = row["evidence"]
        found["parked"].append((
            (PARKED_AS.get(row["kind"], row["kind"]), row["natural_key"]),
            (row["status"], tuple(row["flags"]), evidence.get("class_key"), None, evidence.get("vendor_cost"))))
    found["attempts"] = [
        (row["key"], (row["class_key"], row["vendor_cost"], row["lonely"])) for row in rows("""
            SELECT sip_uuid || '#' || attempt_number AS key, class_key, vendor_cost::text, 'NO_CALL' = ANY (flags) AS lonely
            FROM billing.vendor_cdr""")]
    rated = " UNION ALL ".join(f"SELECT id, charge FROM billing.{table}" for table in KINDS.values())
    found["sums"] = rows(f"""
        SELECT (SELECT count(*) - count(DISTINCT id) FROM ({rated}) u)
                + (SELECT count(*) - count(DISTINCT id) FROM billing.vendor_cdr) AS ids_twice,
            (SELECT coalesce(sum(abs(difference)), 0) FROM billing.usage_conservation) AS conservation,
            (SELECT sum(count) FROM billing.rated_spans) AS span_rows,
            (SELECT sum(charges)::text FROM billing.rated_spans) AS span_charges,
            (SELECT sum(charge)::text FROM ({rated}) u) AS charges,
            (SELECT sum(rated) + sum(not_billable) FROM billing.rating_counts WHERE kind <> 'vendor-cdr') AS counted,
            (SELECT count(*) FROM billing.unrated_usage AS parked WHERE resolved_at IS NULL
                AND EXISTS (SELECT FROM ({rated}) u WHERE u.id = parked.id)) AS rated_and_parked""")[0]
    return found


def judge(found, wanted):
    """All that must not be, in words."""
    problems = []
    for name in ("rated", "parked", "attempts"):
        problems += differences(name, found[name], getattr(wanted, name))
    problems += [
        f"Σ charges of {service} for {ban}: {got} where {want} was expected"
        for (service, ban), (got, want) in charges(found, wanted).items() if got != want]
    sums, rated = found["sums"], len(found["rated"])
    facts = {
        "ids that stand twice": (sums["ids_twice"], 0), "difference of conservation": (sums["conservation"], 0),
        "records both rated and parked": (sums["rated_and_parked"], 0), "records of the spans": (sums["span_rows"], rated),
        "records counted": (sums["counted"], rated), "charges of the spans": (Decimal(sums["span_charges"]), Decimal(sums["charges"])),
    }
    return problems + [f"{name}: {got} where {want} was expected" for name, (got, want) in facts.items() if got != want]


def differences(name, found, wanted):
    twice = [key for key, count in Counter(key for key, _ in found).items() if count > 1]
    got = dict(found)
    sets = {
        "missing": wanted.keys() - got.keys(), "not expected": got.keys() - wanted.keys(), "there twice": twice,
        "otherwise than expected": [key for key in wanted.keys() & got.keys() if wanted[key] != got[key]],
    }
    problems = []
    for what, keys in sets.items():
        if keys:
            some = "; ".join(f"{key}: {got.get(key)} for {wanted.get(key)}" for key in sorted(keys, key=str)[:3])
            problems.append(f"{name}: {len(keys)} {what}: {some}")
    return problems


def charges(found, wanted):
    """Σ charges by service and customer: (found, expected)."""
    sums = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for place, records in ((0, found["rated"]), (1, wanted.rated.items())):
        for (kind, _), (_, _, _, charge, _, ban) in records:
            sums[SERVICES[kind], ban][place] += Decimal(charge)
    return {key: tuple(pair) for key, pair in sorted(sums.items())}


def blind_spots(found, wanted):
    """Faults planted into what was found that the judge does not see."""
    def lose(copied): copied["rated"].pop()
    def double(copied): copied["rated"].append(copied["rated"][0])
    def overcharge(copied):
        key, facts = next(pair for pair in copied["rated"] if pair[1][0] == "rated")
        copied["rated"][copied["rated"].index((key, facts))] = (key, facts[:3] + (str(Decimal(facts[3]) + Decimal("0.00001")),) + facts[4:])
    def unpark(copied): copied["parked"].pop()
    def cheapen(copied): copied["attempts"][0] = (copied["attempts"][0][0], ("", "9.99999", False))
    def leak(copied): copied["sums"]["conservation"] = 1
    unseen = []
    for plant in (lose, double, overcharge, unpark, cheapen, leak):
        copied = copy.deepcopy(found)
        plant(copied)
        if not judge(copied, wanted):
            unseen.append(plant.__name__)
    return unseen
