"""The wallet (section W) as far as the tutorial needs it: debits, top-ups, refunds; no holds, no automatic recharge."""

from fractions import Fraction as F

from .exact import text

STEP = F(1, 10_000)
COLUMN = 10**6


class Wallet:
    def __init__(
        self, model, balance="0", credit_limit="0", accrued="0", residue="0", suspended=False, mark=None, level=None
    ):
        self.model, self.balance, self.accrued, self.residue = model, F(balance), F(accrued), F(residue)
        self.credit_limit = None if credit_limit is None and model == "POSTPAID" else F(credit_limit or "0")
        self.suspended, self.mark, self.level = suspended, None if mark is None else F(mark), level

    def available(self):
        return None if self.credit_limit is None else self.balance + self.credit_limit - self.accrued

    def split(self, charge):
        """W1: the 4-decimal debit of a 5-decimal charge, and the residue that stays."""
        exact = self.residue + charge
        whole = exact.numerator * 10_000 // exact.denominator * STEP
        return whole, exact - whole

    def debit(self, charge):
        """W3, W8: what left the balance, what was accrued, the flags and the alert sent."""
        amount, residue = self.split(F(charge))
        if self.model == "PREPAID":
            taken = amount
        elif self.model == "HYBRID":
            taken = min(max(self.balance, F(0)), amount)
        else:
            taken = F(0)
        if abs(self.balance - taken) >= COLUMN:
            return None
        self.balance, self.accrued, self.residue = self.balance - taken, self.accrued + amount - taken, residue
        flags, alert = [], None
        if self.available() is not None and self.available() < 0:
            flags, self.suspended = ["OVERDRAWN"], True
        if self.model != "POSTPAID" and self.mark is not None:
            reached = [n for n in (20, 10, 5) if self.balance <= self.mark * n / 100]
            if reached and (self.level is None or reached[-1] < self.level):
                alert = self.level = reached[-1]
        return taken, amount - taken, flags, alert

    def refund(self, amount):
        """W4: what went back to the balance."""
        debit, residue = self.split(-F(amount))
        credit = -debit
        lowered = min(self.accrued, credit) if self.model != "PREPAID" else F(0)
        if abs(self.balance + credit - lowered) >= COLUMN:
            return None
        self.accrued, self.balance, self.residue = self.accrued - lowered, self.balance + credit - lowered, residue
        self.wake()
        return credit - lowered

    def topup(self, amount):
        """W8, W10: True when it was taken."""
        if abs(self.balance + F(amount)) >= COLUMN:
            return False
        self.balance += F(amount)
        self.mark, self.level = (self.balance if self.balance > 0 else F(amount)), None
        self.wake()
        return True

    def wake(self):
        if self.available() is None or self.available() > 0:
            self.suspended = False

    def state(self):
        return {
            "balance": text(self.balance, 4),
            "accrued": text(self.accrued, 4),
            "residue": text(self.residue, 5),
            "available": text(self.available(), 4),
            "suspended": self.suspended,
        }
