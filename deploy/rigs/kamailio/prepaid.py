"""wallet, the customers whose money it keeps, and the holds of their calls."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from calls import BANS, EMERGENCY, INTERSTATE, MONEY
from sql import sql
from waiting import RigError, wait_until

FIXTURES = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "tutorial"
PATH = "/internal/v1/authorizations"
CONFIG = """\
environment: development
postgres:
  host: {PGHOST}
  port: {PGPORT}
  database: {PGDATABASE}
redis:
  socket: {redis}
"""
# All calls of the rig go from one state to another: another price is that of a call whose caller wallet was not told.
PLAN = {
    "id": "rig", "name": "rig", "type": "voice", "customer_id": None, "effective_date": "2024-01-01", "expiry_date": None,
    "rates": {
        "schema": "voice/1", "billing": {"initial_increment": 1, "subsequent_increment": 1},
        "terminating": {"domestic": {"default": {
            "interstate": INTERSTATE, "intrastate": "7.0000000", "indeterminate": "9.0000000"}}},
    },
}


class Wallet:
    """A real wallet, which can be taken away and brought back, and its world."""

    def __init__(self, processes, programs: Path, port: int, redis_socket: str):
        self.processes, self.programs, self.port = processes, programs, port
        self.config = processes.run / "wallet.yaml"
        self.config.write_text(CONFIG.format(redis=redis_socket, **os.environ))
        self.load_world(processes.run / "world")
        self.token = self.command("billingctl", "keys", "create", "--kind", "service", "--name", "kamailio").strip()
        self.process = None

    def load_world(self, directory: Path):
        """Numbers and a price; and prepaid customers, one of whom wallet does not know."""
        directory.mkdir()
        for name in ("npa.csv", "country_prefixes.csv", "lerg.csv"):
            shutil.copy(FIXTURES / name, directory / name)
        (directory / "rate_plans.json").write_text(json.dumps([PLAN]))
        customers = directory.with_suffix(".json")
        customers.write_text(json.dumps([{
            "ban": BANS[address], "id": f"00000000-0000-4000-8000-{number:012}", "name": BANS[address], "model": "PREPAID",
            "cycle": "monthly", "payment_terms": "NET_0", "credit_limit": "0.00", "opening_balance": money, "billed_from": "2024-01-01",
        } for number, (address, money) in enumerate(MONEY.items())]))
        self.command("biller", "customers", "load", customers, "--config", self.config)
        self.command("poller", "load", directory, "--config", self.config)

    def command(self, program: str, *words) -> str:
        done = subprocess.run(
            [self.programs / program, *words], text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RigError(f"{program} {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def open(self):
        self.process = self.processes.start(
            "wallet", [self.programs / "wallet", "serve", "--config", self.config], environment={"WARP_HTTP_PORT": str(self.port)})
        wait_until(self.is_open, "wallet")

    def shut(self):
        self.processes.stop(self.process)

    def is_open(self) -> bool | str:
        """Whether it allows an emergency call, for which it needs its reference data, and nothing is held; and has made the wallets."""
        if self.process.poll() is not None:
            raise RigError(f"wallet ended: {self.processes.log_end('wallet')}")
        question = {"sip_uuid": "rig", "customer_ban": "none", "dni": EMERGENCY}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{PATH}", json.dumps(question).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                if json.loads(answer.read())["allow"] is not True:
                    return "an emergency call is refused"
        except urllib.error.HTTPError as failure:
            return f"{failure.code} {failure.read().decode()}"
        except OSError as failure:
            return str(failure)
        return (wallets := int(sql("SELECT count(*) FROM billing.wallets"))) == len(MONEY) or f"{wallets} wallets"

    def holds(self) -> dict[str, dict]:
        """The holds, by their call's sip_uuid."""
        return {row["sip_uuid"]: row for row in json.loads(sql("""
            SELECT coalesce(json_agg(h), '[]') FROM (
                SELECT sip_uuid, ban, state, reserve_seconds, amount::text, rate_per_minute::text AS rate
                FROM billing.holds JOIN billing.customer_bans USING (customer_id)) AS h"""))}

    def open_holds(self, address: str) -> int:
        """How many calls of a customer are under way."""
        return sum(row["state"] == "open" and row["ban"] == BANS[address] for row in self.holds().values())

    def unsound(self) -> str:
        """The wallets that keep back another sum than that of their holds."""
        return sql("""
            SELECT string_agg(ban, ' ') FROM billing.customer_bans JOIN billing.wallets AS w USING (customer_id)
            WHERE held <> (SELECT coalesce(sum(amount), 0) FROM billing.holds AS h
                WHERE h.customer_id = w.customer_id AND state IN ('open', 'ended'))""")

    def add_money(self, address: str, amount: str):
        sql(f"UPDATE billing.wallets SET balance = balance + {amount} WHERE customer_id = ({customer(address)})")

    @contextmanager
    def kept_waiting(self, address: str) -> Iterator[Callable[[], None]]:
        """Somebody else has this customer's wallet locked, until the given function is called."""
        other = subprocess.Popen(["psql", "-XAtq"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        other.stdin.write(f"BEGIN; SELECT 'locked' FROM billing.wallets WHERE customer_id = ({customer(address)}) FOR UPDATE;\n")
        other.stdin.flush()
        try:
            if other.stdout.readline() != "locked\n":
                raise RigError(f"the wallet of {BANS[address]} can't be locked")
            yield other.stdin.close
        finally:
            other.stdin.close()
            other.wait(20)

    @staticmethod
    def is_waiting() -> bool:
        """Whether it waits for somebody else's lock."""
        return sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'warp_wallet' AND wait_event_type = 'Lock'") != "0"


def customer(address: str) -> str:
    return f"SELECT customer_id FROM billing.customer_bans WHERE ban = '{BANS[address]}'"
