"""Customers who fill their balance up from a stored card."""

import json
import time
from dataclasses import dataclass
from typing import Any, Callable

from doors import Doors
from waiting import RigError
from worker import Worker

BILLING = "/api/v1/billing"
# Credited, not known yet, refused by the card's bank.
PAID, UNDECIDED, DECLINED = 201, 202, 402


@dataclass
class Recharge:
    """What was acknowledged of a recharge; no status while nobody has answered."""
    key: str
    customer: str
    amount: str
    status: int = 0
    payment: str | None = None


class Recharger(Worker):
    """Recharges one customer's wallet, with pauses of up to so many seconds; has the processor decline a charge now and then."""

    def __init__(
        self, name: str, doors: Doors, token: str, customer: str, pause: float, control: Callable[[str, dict[str, Any]], Any]
    ):
        super().__init__()
        self.label, self.doors, self.token, self.customer = name, doors, token, customer
        self.pause, self.control = pause, control
        self.recharges: list[Recharge] = []

    def begin(self, is_declined: bool):
        """Stores the card and recharges from it once."""
        card = {
            "type": "card", "data_descriptor": "COMMON.ACCEPT.INAPP.PAYMENT", "data_value": f"{self.label}-1111", "is_default": True}
        answer = self.doors.ask("card", f"{BILLING}/payment-methods", card, self.token, key="card")
        if answer.status != 201:
            raise RigError(f"the card of {self.customer}: {answer}")
        self.recharge(is_declined)

    def step(self):
        chance, unanswered = self.doors.chance, [each for each in self.recharges if not each.status]
        if unanswered and chance.random() < 0.5:
            self.ask(unanswered[0])
        else:
            recharge = self.recharge(is_declined=chance.random() < 0.1)
            if recharge.status in (PAID, DECLINED) and chance.random() < 0.2:
                self.ask(recharge)
        time.sleep(chance.uniform(0, self.pause))

    def recharge(self, is_declined: bool) -> Recharge:
        """A new one; the decline hits whichever charge comes next."""
        amount = f"{self.doors.chance.randint(100, 2000) / 100:.2f}"
        recharge = Recharge(f"{self.label}-{len(self.recharges)}", self.customer, amount)
        self.recharges.append(recharge)
        if is_declined:
            self.control("authorize-net/decline", {"count": 1})
        self.ask(recharge)
        return recharge

    def ask(self, recharge: Recharge):
        """One whose instance was killed stays busy until its lease is over, so it is left without a status for later."""
        answer = self.doors.ask("recharge", f"{BILLING}/recharge", {"amount": recharge.amount}, self.token, recharge.key)
        if answer.status == 409 and "IDEMPOTENCY_KEY_BUSY" in json.dumps(answer.body):
            self.doors.acknowledged["recharge"] -= 1
            self.doors.troubles["answered 409, busy"] += 1
            return
        if answer.status not in (PAID, UNDECIDED, DECLINED):
            raise RigError(f"{recharge}: {answer}")
        payment = answer.body["payment_id"]
        if recharge.status in (PAID, DECLINED) and (answer.status, payment) != (recharge.status, recharge.payment):
            raise RigError(f"{recharge} was answered {answer} when it was asked again")
        recharge.status, recharge.payment = answer.status, payment
