"""Lets poller load rated usage into the emulator, and compares row by row while poller is killed and BigQuery fails."""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from programs import PROJECT, Checks, Daemon, Emulator, answer, end, main, sql, write_key
from proxy import Proxy
from waiting import wait_until

DATASET = "rated"
TABLES = {"rated_cdr": "rated_seq", "rated_mdr": "rated_seq", "rated_api_usage": "rated_seq", "vendor_cdr": "vendor_cdr_seq"}
KILLS = 8
# What a rated row has beside its number and its day, so that every type occurs and every digit counts.
FILLERS = {
    "rated_cdr": ("voice", "sip_uuid, answered, jurisdiction, tax_jurisdiction, class_key, billed_seconds, rate_per_minute, ani, answer_stamp",
                  "'call-' || n, true, 'interstate', 'INTERSTATE', 'voice.terminating', n % 90, 0.0070000 + n * 0.0000001, '2126001111',"
                  " at + interval '1 second' * 0.123"),
    "rated_mdr": ("message", "message_id, units, jurisdiction, tax_jurisdiction, class_key, rate",
                  "'message \"' || n || E'\\\\ ü\\n', 2, 'domestic', 'INTERSTATE', 'sms.mt', 0.0075"),
    "rated_api_usage": ("api", "usage_id, units, tax_jurisdiction, class_key, api", "'query-' || n, 1, 'NONE', 'api.lrn', 'LRN'"),
}


class Rig(Checks):
    def __init__(self, options):
        super().__init__()
        self.run = Path(options.run)
        self.random = random.Random(options.seed)
        self.port = options.port
        self.program = f"{options.bin}/poller"
        self.public_key = write_key(self.run, self.port + 2)
        self.config = self.run / "poller.yaml"
        self.config.write_text(f"""\
environment: test
http:
  port: {self.port + 3}
postgres:
  host: {os.environ["PGHOST"]}
  port: {os.environ["PGPORT"]}
  database: {os.environ["PGDATABASE"]}
  user: warp_poller
redis:
  socket: {options.redis_socket}
bigquery:
  url: http://127.0.0.1:{self.port + 2}
  project: {PROJECT}
  location: US
  dataset: {DATASET}
  flushSeconds: 1
  flushRows: 700
  checkSeconds: 1
  chunkKilobytes: 256
""")
        self.poller = Daemon(self.run, self.program, self.config, self.port + 3)

    def rate(self, table, count, day, charge="0.00712"):
        """Rated rows as a commit of poller writes them, without its reference data."""
        service, columns, values = FILLERS[table]
        sql(f"""
            SELECT billing.ensure_partition('{table}', '{day}');
            BEGIN;
            SELECT billing.lock_sequence('rated');
            WITH written AS (
                INSERT INTO billing.{table} (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, status, flags,
                    rating_instant, customer_ban, charge, ref_version, {columns})
                SELECT gen_random_uuid(), nextval('billing.rated_seq'), '{day}', '{day}', n, 'rig', at, at, 'rated', ARRAY['LNP', 'a "b"'],
                    at, 'BAN' || n % 7, {charge}, '1', {values}
                FROM generate_series(1, {count}) AS n, LATERAL (SELECT timestamptz '{day} 10:00:00.004+00' + n * interval '7 ms') AS t (at)
                RETURNING rated_seq, charge)
            INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
            SELECT '{service}', '{day}', min(rated_seq), max(rated_seq), count(*), sum(charge) FROM written;
            COMMIT;""")

    def attempt(self, count, day):
        """Vendor attempts, which have no spans."""
        sql(f"""
            SELECT billing.ensure_partition('vendor_cdr', '{day}');
            BEGIN;
            SELECT billing.lock_sequence('vendor_cdr');
            INSERT INTO billing.vendor_cdr (id, vendor_cdr_seq, usage_day, raw_day, raw_seq, sip_uuid, vendor_name, attempt_number, flags,
                mos_score, vendor_rate, vendor_cost, ref_version, created_at)
            SELECT gen_random_uuid(), nextval('billing.vendor_cdr_seq'), '{day}', '{day}', n, 'call-' || n, 'telnyx', 1, '{{}}', 4.21,
                0.0035, 0.00210, '1', now()
            FROM generate_series(1, {count}) AS n;
            COMMIT;""")

    def query(self, text):
        """The rows of a query, each a list of texts."""
        status, said = answer(f"{self.emulator.base}/{PROJECT}/queries", {"query": text, "useLegacySql": False, "maxResults": 100000})
        assert status == 200, f"{status} {said}"
        return [[cell["v"] for cell in row["f"]] for row in said.get("rows", [])]

    def there(self, table):
        """How many rows BigQuery has."""
        return int(self.query(f"SELECT COUNT(*) FROM `{DATASET}.{table}` WHERE usage_day >= '2000-01-01'")[0][0])

    def is_loaded(self):
        """Whether every row is in a batch that is loaded, and every day was compared."""
        waiting = sql("SELECT count(*) FROM billing.bigquery_loads WHERE state <> 'loaded' OR compared_at IS NULL")
        rows = {table: int(sql(f"SELECT count(*) FROM billing.{table}")) for table in TABLES}
        loads = dict(line.split("|") for line in sql(
            "SELECT table_name, sum(row_count) FROM billing.bigquery_loads WHERE state = 'loaded' GROUP BY 1").splitlines())
        loads = {table: int(loads.get(table, 0)) for table in TABLES}
        return True if rows == loads and waiting == "0" else f"{rows} are rated, {loads} loaded, {waiting} loads open"

    def compare(self):
        """Every row once, with the same amounts, instants and texts; the days' sums are equal, too."""
        total = 0
        for table, number in TABLES.items():
            amount = "vendor_cost" if table == "vendor_cdr" else "charge"
            name = {"rated_cdr": "sip_uuid", "rated_mdr": "message_id", "rated_api_usage": "usage_id", "vendor_cdr": "sip_uuid"}[table]
            at = "created_at" if table == "vendor_cdr" else "rating_instant"
            kept = sql(f"""
                SELECT concat_ws('|', {number}, id, usage_day, {amount}::numeric(38, 9), (extract(epoch FROM {at}) * 1000000)::bigint,
                    md5({name}), array_to_string(flags, ',')) FROM billing.{table} ORDER BY {number}""").splitlines()
            # The emulator writes all nine decimals, the service those that count.
            found = ["|".join(row[:3] + [f"{Decimal(row[3]):.9f}"] + row[4:]) for row in self.query(f"""
                SELECT CAST({number} AS STRING), id, CAST(usage_day AS STRING), CAST({amount} AS STRING), CAST(UNIX_MICROS({at}) AS STRING),
                    TO_HEX(MD5({name})), ARRAY_TO_STRING(flags, ',')
                FROM `{DATASET}.{table}` WHERE usage_day >= '2000-01-01' ORDER BY {number}""")]
            assert len(found) == len(kept), f"{table}: {len(kept)} rows, {len(found)} in BigQuery"
            for ours, theirs in zip(kept, found):
                assert ours == theirs, f"{table}: {ours} is {theirs}"
            total += len(kept)
        different = sql("SELECT count(*) FROM billing.bigquery_days WHERE row_count <> bigquery_row_count OR amount <> bigquery_amount")
        assert different == "0", f"{different} days differ"
        return f"{total} rows"

    def everything(self):
        with tempfile.TemporaryDirectory(dir=self.run) as directory:
            self.emulator = Emulator(self.run, self.port, directory)
            self.proxy = Proxy(self.port + 2, self.port, self.public_key, self.run)
            try:
                wait_until(self.emulator.is_up, "the emulator answers", 60)
                self.check("tables are made, and all that was rated loaded", self.backlog)
                self.check("loading again, by hand", self.again)
                self.check(f"{KILLS} kills between send and record", self.kills)
                self.check("answers that are lost", self.lost)
                self.check("429, 500, 503, a quota", self.faults)
                self.check("a big batch, broken off twice", self.big)
                self.check("a day that was re-rated", self.rerated)
                self.check("each row once, column by column", self.compare)
            finally:
                end(self.poller.process, self.emulator.process)
        return all(self.passed)

    def backlog(self):
        for day in ("2026-11-20", "2026-11-21"):
            for table in FILLERS:
                self.rate(table, 900, day)
            self.attempt(500, day)
        self.poller.start()
        wait_until(self.is_loaded, "all rows", 60)
        jobs = sql("SELECT count(*) FROM billing.bigquery_loads")
        return f"{jobs} jobs, {self.compare()}"

    def again(self):
        jobs = sql("SELECT count(*) FROM billing.bigquery_loads")
        done = subprocess.run(
            [self.program, "bigquery", "load", "--from", "2026-11-20", "--to", "2026-11-21", "--config", self.config],
            env=os.environ | {"CREDENTIALS_DIRECTORY": str(self.run / "credentials")}, text=True, capture_output=True, timeout=90)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}"
        assert len(re.findall(r"2026-11-2[01]  (rated_|vendor_)", done.stdout)) == 8, done.stdout
        assert sql("SELECT count(*) FROM billing.bigquery_loads") == jobs, "something was loaded again"
        return "nothing to load, both days equal"

    def kills(self):
        # What is known of a batch is committed slowly, so that kills hit the time between sending and recording.
        sql("""
            CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
            CREATE TRIGGER linger AFTER INSERT OR UPDATE ON billing.bigquery_loads FOR EACH STATEMENT EXECUTE FUNCTION public.linger();""")
        for kill in range(KILLS):
            self.rate("rated_cdr", 150, "2026-11-21")
            before = sql("SELECT count(*) FROM billing.bigquery_loads")
            wait_until(lambda: sql("SELECT count(*) FROM billing.bigquery_loads") != before, "a batch", 30)
            time.sleep(self.random.random() * 0.9)
            self.poller.kill()
            self.poller.start()
        wait_until(self.is_loaded, "all rows", 60)
        sql("DROP FUNCTION public.linger() CASCADE")
        return self.compare()

    def lost(self):
        asked = 0
        for begin, what in (("POST /upload", "lose"), ("POST /upload", "hold"), ("GET /bigquery/v2/projects/warp-test/jobs", "lose")):
            self.proxy.order(begin, what)
            self.proxy.order("POST /upload", "lose") if begin.startswith("GET") else None
            self.rate("rated_mdr", 40, "2026-11-22")
            wait_until(self.is_loaded, f"all rows after {what} of {begin}", 60)
            asked += 1
        assert not self.proxy.orders, f"not used: {self.proxy.orders}"
        return f"{asked} times; {self.compare()}"

    def faults(self):
        for status, reason in ((429, "rateLimitExceeded"), (500, "internalError"), (503, "backendError")):
            self.proxy.order("POST /upload", (status, reason))
            self.rate("rated_api_usage", 30, "2026-11-22")
            wait_until(self.is_loaded, f"all rows after {reason}", 60)
        self.proxy.order("POST /upload", (403, "quotaExceeded"))
        self.rate("rated_api_usage", 30, "2026-11-22")
        wait_until(lambda: "quota is used up" in self.poller.get("/readyz")[1], "the quota in /readyz", 30)
        asked = len(self.proxy.lines)
        time.sleep(4)
        assert len(self.proxy.lines) == asked, "it asks on"
        # A person has more quota given, and starts it again.
        self.poller.kill()
        self.poller.start()
        wait_until(self.is_loaded, "all rows after the quota", 60)
        return self.compare()

    def big(self):
        self.poller.kill()
        self.config.write_text(self.config.read_text().replace("flushRows: 700", "flushRows: 100000"))
        self.rate("rated_cdr", 4_000, "2026-11-23")
        self.proxy.lines.clear()
        for what in ("lose", "hold"):
            self.proxy.order("PUT /upload", what)
        self.poller.start()
        wait_until(self.is_loaded, "all rows", 90)
        begun = sum("uploadType=resumable" in line and line.startswith("POST") for line in self.proxy.lines)
        chunks = sum(line.startswith("PUT") for line in self.proxy.lines)
        assert begun == 1, f"begun {begun} times"
        assert chunks > 8, f"{chunks} chunks"
        return f"{chunks} requests of one upload; {self.compare()}"

    def rerated(self):
        before = self.there("rated_cdr")
        self.rate("rated_cdr", 300, "2026-11-21", charge="-0.00712")
        self.rate("rated_cdr", 300, "2026-11-21", charge="0.02200")
        wait_until(self.is_loaded, "the corrections", 60)
        assert self.there("rated_cdr") == before + 600
        said = sql("SELECT row_count = bigquery_row_count AND amount = bigquery_amount, amount FROM billing.bigquery_days "
                   "WHERE table_name = 'rated_cdr' AND usage_day = '2026-11-21'")
        assert said.startswith("t|"), said
        return f"Σ {said[2:]} in both"


if __name__ == "__main__":
    sys.exit(main(Rig))
