"""Fills a table of API usage in the emulator and compares it with raw_api_usage while cdr-ingest is killed and BigQuery fails."""

import json
import os
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from programs import DATASET, PROJECT, TABLE, Checks, Daemon, Emulator, end, main, sql, write_key
from proxy import Proxy
from waiting import wait_until

PAGE_ROWS = 50
KILLS = 6


class Rig(Checks):
    def __init__(self, options):
        self.run = Path(options.run)
        self.random = random.Random(options.seed)
        self.port = options.port
        super().__init__()
        self.made = 0
        self.public_key = write_key(self.run, self.port + 2)
        config = self.write_config(options.redis_socket)
        self.ingest = Daemon(self.run, f"{options.bin}/cdr-ingest", config, self.port + 3)

    def write_config(self, redis_socket):
        """Everything as short as it may be, so that much happens in a minute."""
        file = self.run / "cdr-ingest.yaml"
        file.write_text(f"""\
environment: test
http:
  port: {self.port + 3}
postgres:
  host: {os.environ["PGHOST"]}
  port: {os.environ["PGPORT"]}
  database: {os.environ["PGDATABASE"]}
  user: warp_ingest
redis:
  socket: {redis_socket}
bigquery:
  url: http://127.0.0.1:{self.port + 2}
  project: {PROJECT}
  location: US
  usageTable: {DATASET}.{TABLE}
  usageSource: telco-api
  idColumn: query_id
  timeColumn: used_at
  columns: ["customer_ban=account", "api", "quantity", "status", "vendor"]
  pageRows: {PAGE_ROWS}
  everySeconds: 1
  lateEverySeconds: 1
  settleSeconds: 0
  lookbackDays: 2
""")
        return file

    def make_rows(self, count, ago):
        """Rows of so long ago; several share an instant, as the rows of a busy service do."""
        rows = []
        for _ in range(count):
            self.made += 1
            at = datetime.now(timezone.utc) - ago(self.made)
            at = at.replace(microsecond=at.microsecond // 1000 * 1000 + self.made // 7 % 1000)
            rows.append({
                "query_id": f"q-{self.made:05d}", "used_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "account": "BAN300002",
                "api": "LRN", "quantity": self.made % 9 + 1, "status": "ok", "vendor": "telnyx", "internal_cost": "0.0005"})
        return rows

    def arrived(self):
        """Whether there are as many rows in raw_api_usage as in the table."""
        return int(sql("SELECT count(*) FROM billing.raw_api_usage")) >= len(self.emulator.rows)

    def everything(self):
        with tempfile.TemporaryDirectory(dir=self.run) as directory:
            self.emulator = Emulator(self.run, self.port, directory)
            self.proxy = Proxy(self.port + 2, self.port, self.public_key, self.run)
            try:
                wait_until(self.emulator.is_up, "the emulator answers", 60)
                self.emulator.make_table()
                self.check("backlog, in pages, with a token", self.backlog)
                self.check(f"{KILLS} kills while rows come", self.kills)
                self.check("rows that come late", self.late)
                self.check("a token that is refused is renewed", self.refused_token)
                self.check("BigQuery denies, fails, and is back", self.faults)
                self.check("a row that is no record", self.reject)
                self.check("each row once, field by field", self.compare)
            finally:
                end(self.ingest.process, self.emulator.process)
        return all(self.passed)

    def backlog(self):
        self.emulator.add(self.make_rows(400, lambda number: timedelta(minutes=2 + number * 5 % 2400)))
        self.ingest.start()
        wait_until(self.arrived, "all rows of the backlog", 30)
        assert self.proxy.pages >= 400 // PAGE_ROWS - 1, f"{self.proxy.pages} pages"
        assert self.proxy.tokens_given == 1, f"{self.proxy.tokens_given} tokens"
        repeats = sql("SELECT coalesce(sum(repeats), 0) FROM billing.ingest_counts")
        assert repeats == "0", f"{repeats} repeats without a kill"
        return f"400 rows, {self.proxy.pages} more pages"

    def kills(self):
        # Rows and cursor are committed one after the other; both take long enough for a kill to hit the one or the other.
        sql("""
            CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.15); RETURN NULL; END $$;
            CREATE TRIGGER linger AFTER UPDATE ON billing.ingest_cursors FOR EACH STATEMENT EXECUTE FUNCTION public.linger();
            CREATE TRIGGER linger AFTER INSERT ON billing.raw_spans FOR EACH STATEMENT EXECUTE FUNCTION public.linger();""")
        for _ in range(KILLS):
            self.emulator.add(self.make_rows(150, lambda number: timedelta(seconds=1, milliseconds=number % 1000)))
            before = int(sql("SELECT count(*) FROM billing.raw_api_usage"))
            wait_until(lambda: int(sql("SELECT count(*) FROM billing.raw_api_usage")) > before, "some of the rows", 30)
            time.sleep(self.random.random() * 0.6)
            self.ingest.kill()
            self.ingest.start()
        wait_until(self.arrived, "all rows", 30)
        sql("DROP FUNCTION public.linger() CASCADE")
        return f"{sql('SELECT sum(repeats) FROM billing.ingest_counts')} repeats"

    def late(self):
        cursor = sql("SELECT cursor_at FROM billing.ingest_cursors")
        self.emulator.add(self.make_rows(5, lambda number: timedelta(hours=1)))
        self.emulator.add(self.make_rows(60, lambda number: timedelta(hours=number % 36 + 1)))
        wait_until(self.arrived, "the late rows", 30)
        assert sql("SELECT cursor_at FROM billing.ingest_cursors") == cursor, "the cursor moved"
        repeats = "SELECT sum(repeats) FROM billing.ingest_counts"
        wait_until(lambda: self.is_still(repeats, 2.5), "an end of reading again", 15)
        return "65 rows behind the cursor"

    def is_still(self, question, seconds):
        before = sql(question)
        time.sleep(seconds)
        return sql(question) == before

    def refused_token(self):
        given = self.proxy.tokens_given
        self.proxy.revoke()
        self.emulator.add(self.make_rows(20, lambda number: timedelta()))
        wait_until(self.arrived, "the rows", 15)
        assert self.proxy.tokens_given == given + 1 and self.proxy.refusals > 0
        return "one new token"

    def faults(self):
        self.emulator.add(self.make_rows(20, lambda number: timedelta()))
        for status, reason, shown in ((403, "accessDenied", "BigQuery refused (403 accessDenied)"),
                                      (503, "backendError", "BigQuery is busy")):
            self.proxy.fail(status, reason)
            wait_until(lambda: shown in self.ingest.get("/readyz")[1], f"{reason} in /readyz", 15)
            assert self.ingest.get("/readyz")[0] == 200, "the daemon is not ready without BigQuery"
        self.emulator.add(self.make_rows(20, lambda number: timedelta()))
        self.proxy.heal()
        wait_until(self.arrived, "the rows", 15)
        wait_until(lambda: "BigQuery" not in self.ingest.get("/readyz")[1], "nothing in /readyz", 15)
        return "ready all the time, and it says why"

    def reject(self):
        row = self.make_rows(1, lambda number: timedelta())[0] | {"query_id": "x" * 200}
        self.emulator.add([row])
        del self.emulator.rows["x" * 200]
        wait_until(lambda: sql("SELECT count(*) FROM billing.ingest_rejects") != "0", "the reject", 15)
        said = sql("SELECT DISTINCT source || ' ' || reason || ' ' || pointer FROM billing.ingest_rejects")
        assert said == "telco-api TOO_LONG /id", said
        return said

    def compare(self):
        document = "document::json"
        kept = json.loads(sql(
            f"SELECT json_agg(json_build_array(usage_id, customer_ban, source, is_conflict, {document})) FROM billing.raw_api_usage"))
        expected = {}
        for key, row in self.emulator.rows.items():
            expected[key] = {
                "record_type": "api.usage", "id": key, "at": row["used_at"], "customer_ban": row["account"], "api": row["api"],
                "quantity": row["quantity"], "status": row["status"], "vendor": row["vendor"]}
        assert len(kept) == len(expected), f"{len(kept)} rows kept, {len(expected)} in the table"
        for key, ban, source, is_conflict, record in kept:
            assert expected.pop(key) == record, f"{key} is {record}"
            assert (ban, source, is_conflict) == ("BAN300002", "telco-api", False), f"{key}: {ban} {source} {is_conflict}"
        assert not expected, f"missing: {sorted(expected)[:5]}"
        counted = sql("SELECT sum(accepted), sum(received) = sum(accepted + repeats + rejected + conflicts) FROM billing.ingest_counts")
        assert counted == f"{len(kept)}|t", counted
        return f"{len(kept)} rows"


if __name__ == "__main__":
    sys.exit(main(Rig))
