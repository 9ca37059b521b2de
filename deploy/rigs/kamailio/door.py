"""cdr-ingest, the tables behind it, and the Redis list before it."""

import json
import os
import subprocess
import urllib.error
import urllib.request

from waiting import RigError, wait_until

CONFIG = """\
environment: development
postgres:
  host: {PGHOST}
  port: {PGPORT}
  database: {PGDATABASE}
  user: warp_ingest
redis:
  socket: {redis}
redisDoor:
  source: kamailio
  socket: {redis}
  list: {list}
http:
  port: {port}
"""


class Door:
    """A real cdr-ingest, which can be taken away and brought back."""

    LIST = "warp:door:list"

    def __init__(self, processes, program, port, redis_socket):
        self.processes, self.program, self.port, self.redis = processes, program, port, redis_socket
        self.config = processes.run / "cdr-ingest.yaml"
        self.config.write_text(CONFIG.format(port=port, redis=redis_socket, list=self.LIST, **os.environ))
        self.process = None

    def add_source(self, name):
        """The token of a new source."""
        return self.command("sources", "add", name).strip()

    def command(self, *words):
        done = subprocess.run(
            [self.program, *words, "--config", self.config], text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RigError(f"cdr-ingest {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def open(self):
        self.process = self.processes.start("cdr-ingest", [self.program, "serve", "--config", self.config])
        wait_until(self.is_ready, "cdr-ingest")

    def shut(self):
        self.processes.stop(self.process)

    def is_ready(self):
        if self.process.poll() is not None:
            raise RigError(f"cdr-ingest ended: {self.processes.log_end('cdr-ingest')}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError) as failure:
            return str(failure)

    def listed(self):
        """The records on the list, as they stand."""
        done = subprocess.run(
            ["redis-cli", "--json", "-s", self.redis, "LRANGE", self.LIST, "0", "-1"], text=True, capture_output=True, check=True)
        return json.loads(done.stdout)

    def rows(self, table):
        """The rows of a raw table: each record as it came, and whether it is a conflict."""
        sql = f"""SELECT coalesce(json_agg(t), '[]') FROM (
            SELECT document::json AS document, is_conflict, to_json(r) AS columns FROM billing.{table} r) t"""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], text=True, capture_output=True)
        if done.returncode != 0:
            raise RigError(done.stderr)
        return json.loads(done.stdout)

    def counts(self):
        """How many records the door has counted, by what became of them."""
        sql = """SELECT coalesce(json_object_agg(kind, t), '{}') FROM (
            SELECT kind, sum(accepted) AS accepted, sum(repeats) AS repeats, sum(conflicts) AS conflicts, sum(rejected) AS rejected
            FROM billing.ingest_counts GROUP BY kind) t"""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], text=True, capture_output=True)
        if done.returncode != 0:
            raise RigError(done.stderr)
        return json.loads(done.stdout)
