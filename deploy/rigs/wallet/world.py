"""Who calls in the rig, at what price, and with how much money."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from sql import sql
from waiting import RigError

FIXTURES = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "tutorial"
PLAN = {
    "id": "rig", "name": "rig", "type": "voice", "customer_id": None, "effective_date": "2024-01-01", "expiry_date": None,
    "rates": {
        "schema": "voice/1", "billing": {"initial_increment": 1, "subsequent_increment": 1},
        "terminating": {"domestic": {"default": {"interstate": "0.6", "intrastate": "0.6", "indeterminate": "0.6"}}},
    },
}
# Of fraud control: clients that ask as fast as they can, and declined charges, would set off each of these.
FRAUD_CHECKS = ["calls_per_minute", "spend_per_hour", "rapid_balance_depletion", "multiple_payment_failures"]


class Customer(NamedTuple):
    number: int
    model: str
    opening: str
    credit_limit: str | None = "0.00"

    @property
    def id(self) -> str:
        return f"00000000-0000-4000-8000-{self.number:012}"

    @property
    def ban(self) -> str:
        return f"RIG{self.number:03}"


# The first is the hot one; some of the others have little money, so that calls are refused too.
CALLING = [Customer(0, "PREPAID", "500000.0000")]
CALLING += [Customer(number, "PREPAID", "0.5000") for number in range(1, 6)]
CALLING += [Customer(number, "PREPAID", "4.0000") for number in range(6, 11)]
CALLING += [Customer(number, "PREPAID", "50000.0000") for number in range(11, 45)]
CALLING += [Customer(number, "POSTPAID", "0.0000", None) for number in range(45, 48)]
CALLING += [Customer(number, "HYBRID", "2.0000", "900000.00") for number in range(48, 50)]
# Those who have a card: the hot one, one with little money, and two more.
RECHARGING = [CALLING[0], CALLING[6], CALLING[11], CALLING[12]]
# Those whose usage was never authorised; the hot one has such usage, too.
PLAIN = [Customer(number, "PREPAID", "900000.0000") for number in range(50, 55)]
PLAIN += [Customer(number, "POSTPAID", "0.0000", None) for number in range(55, 58)]
PLAIN += [Customer(number, "HYBRID", "5.0000", "900000.00") for number in range(58, 60)]
CUSTOMERS = CALLING + PLAIN


class Programs:
    """The built programs' commands, on the rig's servers."""

    def __init__(self, bin: Path, config: Path):
        self.bin, self.config = bin, ("--config", str(config))

    def run(self, name: str, *words: Any) -> str:
        options = () if name == "billingctl" else self.config
        done = subprocess.run(
            [str(self.bin / name), *map(str, words), *options], text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RigError(f"{name} {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def key(self, kind: str, *words: str) -> str:
        return self.run("billingctl", "keys", "create", "--kind", kind, *words)


def load_world(programs: Programs, directory: Path):
    """Numbers and a price, customers, and fraud control that stops nobody."""
    directory.mkdir()
    for name in ("npa.csv", "country_prefixes.csv", "lerg.csv"):
        shutil.copy(FIXTURES / name, directory / name)
    (directory / "rate_plans.json").write_text(json.dumps([PLAN]))
    customers = directory.with_suffix(".json")
    customers.write_text(json.dumps([{
        "ban": each.ban, "id": each.id, "name": each.ban, "model": each.model, "cycle": "monthly", "payment_terms": "NET_0",
        "credit_limit": each.credit_limit, "opening_balance": each.opening, "billed_from": "2024-01-01",
    } for each in CUSTOMERS]))
    programs.run("biller", "customers", "load", customers)
    programs.run("poller", "load", directory)
    programs.run("wallet", "limits", "set", *(word for check in FRAUD_CHECKS for word in ("--actions", f"{check}=")))
    sql((Path(__file__).with_name("rate.sql")).read_text())
