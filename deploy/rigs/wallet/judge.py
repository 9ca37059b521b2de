"""What stands in the tables against what was acknowledged. Each check counts what it has looked at and what is wrong, and comes with a
change that it must see: that is made in a transaction which is rolled back, since a check that can't fail proves nothing."""

from typing import Any, Iterable, NamedTuple

from load import SECOND, Call, Recharge, psql
from waiting import RigError

TABLES = """
DROP TABLE IF EXISTS rig.calls, rig.recharges, rig.charges, rig.clock;
CREATE TABLE rig.calls (
    usage_id uuid PRIMARY KEY, sip_uuid text, customer_id uuid, is_allowed boolean, seconds integer, is_exact boolean, ended integer,
    fed integer);
CREATE TABLE rig.recharges (key text PRIMARY KEY, customer_id uuid, amount numeric, status integer, payment_id uuid);
CREATE TABLE rig.charges (id text PRIMARY KEY, invoice text, amount numeric, status text);
CREATE TABLE rig.clock (now timestamptz);
"""
# A payment's name at Authorize.Net.
INVOICE = "'WP' || lpad(payment_seq::text, 12, '0')"
FIRST_PAID = "(SELECT min(payment_seq) FROM billing.payments WHERE method = 'card' AND state = 'paid')"


class Check(NamedTuple):
    name: str
    # Rows of a boolean: whether this one is wrong.
    sql: str
    spoil: str


CHECKS = [
    Check("rated rows with just one posting, of their charge", """
        SELECT count(r.id) <> 1 OR count(p.rated_id) <> 1 OR min(r.charge) <> min(p.charge) OR min(r.customer_id) <> min(p.customer_id)
        FROM (SELECT id, charge, customer_id::text FROM billing.rated_cdr) AS r
        FULL JOIN (SELECT rated_id, charge, customer_id::text FROM billing.usage_postings) AS p ON p.rated_id = r.id
        GROUP BY coalesce(r.id, p.rated_id)""",
        "DELETE FROM billing.usage_postings WHERE rated_seq = (SELECT min(rated_seq) FROM billing.usage_postings)"),
    Check("rated rows that were not put aside", """
        SELECT p.rated_id IS NOT NULL FROM billing.rated_cdr AS r FULL JOIN billing.parked_postings AS p ON p.rated_id = r.id""",
        "INSERT INTO billing.parked_postings (rated_id, usage_day, rated_seq, reason, parked_at)"
        " VALUES (gen_random_uuid(), '2026-01-01', 0, 'RIG', now())"),
    Check("usage of authorised calls, debited", """
        SELECT p.rated_id IS NULL OR p.customer_id <> c.customer_id OR p.charge <> c.fed * %SECOND%
        FROM rig.calls AS c LEFT JOIN billing.usage_postings AS p ON p.rated_id = c.usage_id WHERE c.fed IS NOT NULL""",
        "UPDATE rig.calls SET fed = fed + 1 WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE fed IS NOT NULL LIMIT 1)"),
    Check("grants with their hold, in its state", """
        SELECT h.usage_id IS NULL OR h.sip_uuid <> c.sip_uuid OR h.customer_id <> c.customer_id OR NOT CASE
            WHEN c.fed IS NOT NULL THEN h.state = 'captured'
            WHEN c.ended = 0 THEN h.state = 'released'
            WHEN c.ended > 0 THEN h.state = 'ended'
            ELSE h.state = 'open' OR h.state = 'expired' AND h.expires_at <= (SELECT now FROM rig.clock) END
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.is_allowed""",
        "DELETE FROM billing.holds WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE is_allowed LIMIT 1)"),
    Check("grants whose hold covers what was promised", """
        SELECT h.usage_id IS NULL OR h.reserve_seconds - 1 < c.seconds OR c.is_exact AND h.reserve_seconds - 1 <> c.seconds
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.is_allowed""",
        "UPDATE billing.holds SET reserve_seconds = reserve_seconds - 1"
        " WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE is_allowed LIMIT 1)"),
    Check("ends whose hold is their price", """
        SELECT h.usage_id IS NULL OR h.amount <> c.ended * %SECOND%
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.ended > 0""",
        "UPDATE billing.holds SET amount = amount + 0.0001"
        " WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE ended > 0 LIMIT 1)"),
    Check("refused calls that hold nothing", """
        SELECT h.usage_id IS NOT NULL FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE NOT c.is_allowed""",
        "UPDATE billing.holds SET usage_id = (SELECT usage_id FROM rig.calls WHERE NOT is_allowed LIMIT 1)"
        " WHERE usage_id = (SELECT min(usage_id::text)::uuid FROM billing.holds)"),
    Check("holds of calls that were asked for", """
        SELECT c.usage_id IS NULL FROM billing.holds AS h LEFT JOIN rig.calls AS c USING (usage_id)""",
        "DELETE FROM rig.calls WHERE usage_id = (SELECT min(usage_id::text)::uuid FROM billing.holds)"),
    Check("wallets that hold the sum of their live holds", """
        SELECT held <> (SELECT coalesce(sum(amount), 0) FROM billing.holds AS h
            WHERE h.customer_id = w.customer_id AND state IN ('open', 'ended')) FROM billing.wallets AS w""",
        "UPDATE billing.wallets SET held = held + 0.0001"),
    Check("balances = opening + recharges - debits", """
        SELECT balance <> (SELECT coalesce(sum(amount), 0) FROM billing.payments AS p WHERE p.customer_id = w.customer_id AND state = 'paid')
            - (SELECT coalesce(sum(debit), 0) FROM billing.usage_postings AS u WHERE u.customer_id = w.customer_id)
        FROM billing.wallets AS w""",
        "UPDATE billing.wallets SET balance = balance + 0.0001"),
    Check("balances not below the limit", "SELECT balance < -credit_limit FROM billing.wallets",
        "UPDATE billing.wallets SET balance = -credit_limit - 0.0001"),
    Check("recharges answered 201, paid once", """
        SELECT p.id IS NULL OR p.state <> 'paid' OR p.amount <> r.amount OR p.customer_id <> r.customer_id
            OR count(*) OVER (PARTITION BY p.id) <> 1
        FROM rig.recharges AS r LEFT JOIN billing.payments AS p ON p.id = r.payment_id WHERE r.status = 201""",
        f"UPDATE billing.payments SET state = 'failed' WHERE payment_seq = {FIRST_PAID}"),
    Check("recharges with a payment each, and decided", """
        SELECT p.id IS NULL OR r.key IS NULL OR p.state NOT IN ('paid', 'failed')
        FROM rig.recharges AS r FULL JOIN (SELECT * FROM billing.payments WHERE purpose = 'recharge') AS p ON p.id = r.payment_id""",
        f"UPDATE billing.payments SET state = 'unknown' WHERE payment_seq = {FIRST_PAID}"),
    Check("paid payments with just one charge of their amount", f"""
        SELECT count(p.id) <> 1 OR count(c.id) <> 1 OR min(p.amount) <> min(c.amount) OR min(p.processor_id) <> min(c.id)
        FROM (SELECT *, {INVOICE} AS invoice FROM billing.payments WHERE method = 'card' AND state = 'paid') AS p
        FULL JOIN rig.charges AS c USING (invoice) GROUP BY invoice""",
        "INSERT INTO rig.charges SELECT 'again', invoice, amount, status FROM rig.charges LIMIT 1"),
    Check("paid payments credited once in the ledger", """
        SELECT count(t.id) <> 1 OR min(t.amount) <> min(p.amount)
        FROM billing.payments AS p
        LEFT JOIN billing.transactions AS t ON t.reference_type = 'payment' AND t.reference_id = p.id::text
        WHERE p.state = 'paid' GROUP BY p.id""",
        "DELETE FROM billing.transactions WHERE reference_type = 'payment'"),
]


def remember(calls: Iterable[Call], ids: Iterable[Any], recharges: Iterable[Recharge], charges: Iterable[dict[str, str]], now: str):
    """Puts what was acknowledged beside what stands in the tables."""
    psql(TABLES)
    copy("calls", ([id, call.sip_uuid, call.customer, call.is_allowed, call.seconds, call.is_exact, call.ended, call.fed]
                   for id, call in zip(ids, calls)))
    copy("recharges", ([each.key, each.customer, each.amount, each.status, each.payment] for each in recharges))
    copy("charges", ([each["transId"], each["invoiceNumber"], each["amount"], each["status"]] for each in charges))
    copy("clock", [[now]])
    psql("ANALYZE rig.calls, rig.recharges, rig.charges, billing.holds, billing.payments, billing.usage_postings, billing.rated_cdr")


def copy(table: str, rows: Iterable[list[Any]]):
    psql(f"COPY rig.{table} FROM STDIN", "".join(
        "\t".join("\\N" if word is None else str(word) for word in row) + "\n" for row in rows))


def judge(check: Check) -> tuple[int, int]:
    """How many were looked at, and how many are wrong; an unclear one (null) is."""
    return counts(check, "")


def is_blind(check: Check, wrong: int) -> bool:
    """Whether it misses what was spoiled on purpose."""
    return counts(check, check.spoil)[1] <= wrong


def counts(check: Check, spoil: str) -> tuple[int, int]:
    sql = check.sql.replace("%SECOND%", SECOND)
    said = psql(f"BEGIN; {spoil}; SELECT count(*), count(*) FILTER (WHERE wrong IS NOT false) FROM ({sql}) AS found (wrong); ROLLBACK")
    words = said.stdout.split()
    if len(words) != 2:
        raise RigError(f"{check.name}: {said.stdout}")
    return int(words[0]), int(words[1])
