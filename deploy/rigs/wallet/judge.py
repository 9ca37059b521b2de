"""What stands in the tables against what was acknowledged. Each check counts what it has looked at and what is wrong, and comes with a
change that it must see: that is made in a transaction which is rolled back, since a check that can't fail proves nothing."""

from typing import Any, Iterable, NamedTuple

from calls import Call
from recharges import Recharge
from sql import sql
from usage import Usage
from waiting import RigError
from world import CUSTOMERS

TABLES = """
DROP TABLE IF EXISTS rig.calls, rig.usage, rig.recharges, rig.charges, rig.customers, rig.clock;
CREATE TABLE rig.calls (
    usage_id uuid PRIMARY KEY, sip_uuid text, customer_id uuid, is_allowed boolean, seconds integer, is_exact boolean, ended integer,
    is_rated boolean);
CREATE TABLE rig.usage (usage_id uuid PRIMARY KEY, customer_id uuid, charge numeric);
CREATE TABLE rig.recharges (key text PRIMARY KEY, customer_id uuid, amount numeric, status integer, payment_id uuid);
CREATE TABLE rig.charges (id text PRIMARY KEY, invoice text, amount numeric, status text);
CREATE TABLE rig.customers (customer_id uuid PRIMARY KEY, opening numeric);
CREATE TABLE rig.clock (now timestamptz);
"""
# What a second costs: 0.6 a minute, in increments of a second.
SECOND = "0.01"
# How often each operation that was acknowledged stands in the tables.
ACKNOWLEDGED = """
    SELECT (SELECT count(*) FROM billing.holds AS h WHERE h.usage_id = c.usage_id) AS times FROM rig.calls AS c WHERE is_allowed
    UNION ALL SELECT (SELECT count(*) FROM billing.usage_postings AS p WHERE p.rated_id = u.usage_id) FROM rig.usage AS u
    UNION ALL SELECT (
        SELECT count(*) FROM billing.transactions AS t WHERE t.reference_type = 'payment' AND t.reference_id = r.payment_id::text)
    FROM rig.recharges AS r WHERE status = 201"""
# A payment's name at Authorize.Net.
INVOICE = "'WP' || lpad(payment_seq::text, 12, '0')"
FIRST_PAID = "(SELECT min(payment_seq) FROM billing.payments WHERE method = 'card' AND state = 'paid')"


class Check(NamedTuple):
    name: str
    # Rows of a boolean: whether this one is wrong.
    sql: str
    spoil: str


CHECKS = [
    Check("acknowledged operations, lost", f"SELECT times = 0 FROM ({ACKNOWLEDGED}) AS a",
        "DELETE FROM billing.usage_postings WHERE rated_id = (SELECT min(usage_id::text)::uuid FROM rig.usage)"),
    Check("acknowledged operations, doubled", f"SELECT times > 1 FROM ({ACKNOWLEDGED}) AS a", """
        DROP INDEX billing.transactions_by_reference;
        INSERT INTO billing.transactions
        SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'chain_index', 999999999))).*
        FROM billing.transactions AS t JOIN rig.recharges AS r ON r.status = 201 AND t.reference_id = r.payment_id::text LIMIT 1"""),
    Check("rated usage with just one posting, of its charge", """
        SELECT count(u.usage_id) <> 1 OR count(p.rated_id) <> 1 OR min(u.charge) <> min(p.charge)
            OR min(u.customer_id::text) <> min(p.customer_id::text)
        FROM rig.usage AS u FULL JOIN billing.usage_postings AS p ON p.rated_id = u.usage_id
        GROUP BY coalesce(u.usage_id, p.rated_id)""",
        "UPDATE rig.usage SET charge = charge + 0.00001 WHERE usage_id = (SELECT min(usage_id::text)::uuid FROM rig.usage)"),
    Check("rated usage that was not put aside",
        "SELECT p.rated_id IS NOT NULL FROM rig.usage AS u FULL JOIN billing.parked_postings AS p ON p.rated_id = u.usage_id",
        "INSERT INTO billing.parked_postings (rated_id, usage_day, rated_seq, reason, parked_at)"
        " VALUES (gen_random_uuid(), '2026-01-01', 0, 'RIG', now())"),
    Check("grants with their hold, in its state", """
        SELECT h.usage_id IS NULL OR h.sip_uuid <> c.sip_uuid OR h.customer_id <> c.customer_id OR NOT CASE
            WHEN c.is_rated THEN h.state = 'captured'
            WHEN c.ended = 0 THEN h.state = 'released'
            WHEN c.ended > 0 THEN h.state = 'ended'
            ELSE h.state IN ('open', 'expired') AND h.expires_at <= (SELECT now FROM rig.clock) END
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.is_allowed""",
        "UPDATE billing.holds SET state = 'open' WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE is_rated AND is_allowed LIMIT 1)"),
    Check("grants whose hold covers what was promised", """
        SELECT h.usage_id IS NULL OR h.reserve_seconds - 1 < c.seconds OR c.is_exact AND h.reserve_seconds - 1 <> c.seconds
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.is_allowed""",
        "UPDATE billing.holds SET reserve_seconds = reserve_seconds - 1"
        " WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE is_allowed LIMIT 1)"),
    Check("ends whose hold is their price", f"""
        SELECT h.usage_id IS NULL OR h.amount <> c.ended * {SECOND}
        FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE c.ended > 0""",
        "UPDATE billing.holds SET amount = amount + 0.0001"
        " WHERE usage_id = (SELECT usage_id FROM rig.calls WHERE ended > 0 LIMIT 1)"),
    Check("refused calls that hold nothing", """
        SELECT h.usage_id IS NOT NULL FROM rig.calls AS c LEFT JOIN billing.holds AS h USING (usage_id) WHERE NOT c.is_allowed""",
        "UPDATE billing.holds SET usage_id = (SELECT usage_id FROM rig.calls WHERE NOT is_allowed LIMIT 1)"
        " WHERE usage_id = (SELECT min(usage_id::text)::uuid FROM billing.holds)"),
    Check("holds of calls that were asked for",
        "SELECT c.usage_id IS NULL FROM billing.holds AS h LEFT JOIN rig.calls AS c USING (usage_id)",
        "DELETE FROM rig.calls WHERE usage_id = (SELECT min(usage_id::text)::uuid FROM billing.holds)"),
    Check("wallets that hold the sum of their live holds", """
        SELECT held <> (SELECT coalesce(sum(amount), 0) FROM billing.holds AS h
            WHERE h.customer_id = w.customer_id AND state IN ('open', 'ended')) FROM billing.wallets AS w""",
        "UPDATE billing.wallets SET held = held + 0.0001"),
    Check("balances = opening + recharges - debits", """
        SELECT w.balance <> c.opening
            + (SELECT coalesce(sum(r.amount), 0) FROM rig.recharges AS r JOIN billing.payments AS p ON p.id = r.payment_id
                WHERE r.customer_id = c.customer_id AND p.state = 'paid')
            - (SELECT coalesce(sum(debit), 0) FROM billing.usage_postings AS u WHERE u.customer_id = c.customer_id)
        FROM rig.customers AS c LEFT JOIN billing.wallets AS w USING (customer_id)""",
        "UPDATE billing.wallets SET balance = balance + 0.0001"),
    Check("debits + accrued + residue = rated charges", """
        SELECT w.accrued + w.residue + coalesce(p.debits, 0) <> coalesce(u.charges, 0)
        FROM billing.wallets AS w
        LEFT JOIN (SELECT customer_id, sum(debit) AS debits FROM billing.usage_postings GROUP BY 1) AS p USING (customer_id)
        LEFT JOIN (SELECT customer_id, sum(charge) AS charges FROM rig.usage GROUP BY 1) AS u USING (customer_id)""",
        "UPDATE billing.wallets SET accrued = accrued + 0.0001"),
    Check("wallets not beyond their limit, with their holds",
        "SELECT balance + credit_limit - accrued - receivable - held < 0 FROM billing.wallets WHERE credit_limit IS NOT NULL",
        "UPDATE billing.wallets SET balance = -credit_limit - 0.0001 WHERE credit_limit IS NOT NULL"),
    Check("recharges answered 201, paid once", """
        SELECT p.id IS NULL OR p.state <> 'paid' OR p.amount <> r.amount OR p.customer_id <> r.customer_id
            OR count(*) OVER (PARTITION BY p.id) <> 1
        FROM rig.recharges AS r LEFT JOIN billing.payments AS p ON p.id = r.payment_id WHERE r.status = 201""",
        f"UPDATE billing.payments SET state = 'failed' WHERE payment_seq = {FIRST_PAID}"),
    Check("recharges answered 402, not paid", """
        SELECT p.id IS NULL OR p.state <> 'failed'
        FROM rig.recharges AS r LEFT JOIN billing.payments AS p ON p.id = r.payment_id WHERE r.status = 402""",
        "UPDATE billing.payments SET state = 'paid' WHERE state = 'failed'"),
    Check("recharges with a payment each, and decided", """
        SELECT p.id IS NULL OR r.key IS NULL OR p.state NOT IN ('paid', 'failed')
        FROM rig.recharges AS r FULL JOIN (SELECT * FROM billing.payments WHERE purpose = 'recharge') AS p ON p.id = r.payment_id""",
        f"UPDATE billing.payments SET state = 'unknown' WHERE payment_seq = {FIRST_PAID}"),
    Check("paid payments with just one charge of their amount", f"""
        SELECT count(p.id) <> 1 OR count(c.id) <> 1 OR min(p.amount) <> min(c.amount) OR min(p.processor_id) <> min(c.id)
        FROM (SELECT *, {INVOICE} AS invoice FROM billing.payments WHERE method = 'card' AND state = 'paid') AS p
        FULL JOIN (SELECT * FROM rig.charges WHERE status <> 'declined') AS c USING (invoice) GROUP BY invoice""",
        "INSERT INTO rig.charges SELECT 'again', invoice, amount, status FROM rig.charges WHERE status <> 'declined' LIMIT 1"),
    Check("payments credited once in the ledger if paid, or not", """
        SELECT count(t.id) <> (p.state = 'paid')::integer OR min(t.amount) IS DISTINCT FROM CASE WHEN p.state = 'paid' THEN p.amount END
        FROM billing.payments AS p
        LEFT JOIN billing.transactions AS t ON t.reference_type = 'payment' AND t.reference_id = p.id::text
        GROUP BY p.id, p.state, p.amount""",
        "DELETE FROM billing.transactions WHERE reference_type = 'payment'"),
]


def remember(calls: list[Call], usage: list[Usage], recharges: list[Recharge], charges: Iterable[dict[str, str]], now: str):
    """Puts what was acknowledged beside what stands in the tables."""
    sql(TABLES)
    copy("calls", ([call.id, call.sip_uuid, call.customer, call.is_allowed, call.seconds, call.is_exact, call.ended,
                    call.rated is not None] for call in calls))
    copy("usage", ([each.id, each.customer, each.amount] for each in usage))
    copy("recharges", ([each.key, each.customer, each.amount, each.status, each.payment] for each in recharges))
    copy("charges", ([each["transId"], each["invoiceNumber"], each["amount"], each["status"]] for each in charges))
    copy("customers", ([each.id, each.opening] for each in CUSTOMERS))
    copy("clock", [[now]])
    sql("ANALYZE rig.calls, rig.usage, rig.recharges, rig.charges, billing.holds, billing.payments, billing.usage_postings")


def copy(table: str, rows: Iterable[list[Any]]):
    sql(f"COPY rig.{table} FROM STDIN", "".join(
        "\t".join("\\N" if word is None else str(word) for word in row) + "\n" for row in rows))


def judge(check: Check, spoil: str = "") -> tuple[int, int]:
    """How many were looked at, and how many are wrong; an unclear one (null) is."""
    said = sql(f"BEGIN; {spoil}; SELECT count(*), count(*) FILTER (WHERE wrong IS NOT false) FROM ({check.sql}) AS found (wrong); ROLLBACK")
    words = said.split("|")
    if len(words) != 2:
        raise RigError(f"{check.name}: {said}")
    return int(words[0]), int(words[1])


def is_blind(check: Check) -> bool:
    """Whether it misses what was spoiled on purpose."""
    return judge(check, check.spoil)[1] == 0
