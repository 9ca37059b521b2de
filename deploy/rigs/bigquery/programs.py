"""The programs of the rig: the emulator, and the daemons; and what both parts of the rig share."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from waiting import wait_until

PROJECT, DATASET, TABLE = "warp-test", "telco_api", "usage"
COLUMNS = {
    "query_id": "STRING", "used_at": "TIMESTAMP", "account": "STRING", "api": "STRING", "quantity": "INTEGER", "status": "STRING",
    "vendor": "STRING", "internal_cost": "NUMERIC",
}


def answer(url, body=None):
    """The status and JSON of an answer."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.loads(reply.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


class Emulator:
    """local-bigquery with data of its own, and the rows that were put into it."""

    def __init__(self, run, port, directory):
        self.port = port
        self.base = f"http://127.0.0.1:{port}/bigquery/v2/projects"
        self.rows = {}
        environment = os.environ | {"HOME": str(run / "venv" / "home")}
        self.process = subprocess.Popen(
            [run / "venv/bin/local-bigquery", "--host", "127.0.0.1", "--port", str(port), "--grpc-port", str(port + 1),
             "--project", PROJECT, "--data-dir", directory],
            env=environment, stdin=subprocess.DEVNULL, stdout=open(run / "log/emulator.log", "w"), stderr=subprocess.STDOUT)

    def is_up(self):
        assert self.process.poll() is None, "the emulator has ended: log/emulator.log says why"
        try:
            return answer(self.base)[0] == 200
        except OSError:
            return False

    def make_table(self):
        reference = {"projectId": PROJECT, "datasetId": DATASET}
        self.ask(f"{self.base}/{PROJECT}/datasets", {"datasetReference": reference})
        self.ask(f"{self.base}/{PROJECT}/datasets/{DATASET}/tables", {
            "tableReference": reference | {"tableId": TABLE},
            "schema": {"fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()]},
            "timePartitioning": {"type": "DAY", "field": "used_at"}, "requirePartitionFilter": True})

    def add(self, rows):
        """Inserts rows as the outside service does."""
        self.ask(f"{self.base}/{PROJECT}/datasets/{DATASET}/tables/{TABLE}/insertAll", {
            "rows": [{"insertId": row["query_id"], "json": row} for row in rows]})
        self.rows |= {row["query_id"]: row for row in rows}

    def ask(self, url, body):
        status, said = answer(url, body)
        assert status == 200 and "insertErrors" not in said, f"{status} {said}"


def write_key(run, token_port):
    """A service account's key file, as Google's console hands it out; its directory is a daemon's credentials."""
    directory = run / "credentials"
    directory.mkdir(mode=0o700, exist_ok=True)
    key, public = directory / "key.pem", directory / "public.pem"
    for command in (
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key],
        ["openssl", "pkey", "-in", key, "-pubout", "-out", public],
    ):
        subprocess.run(command, check=True, capture_output=True)
    file = {
        "type": "service_account", "project_id": PROJECT, "private_key_id": "rig", "private_key": key.read_text(),
        "client_email": f"rig@{PROJECT}.iam.gserviceaccount.com", "token_uri": f"http://127.0.0.1:{token_port}/token",
    }
    (directory / "bigquery-credentials").write_text(json.dumps(file))
    return public


def sql(text):
    """What the rig's database answers, as psql prints it."""
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], text=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def end(*processes):
    """Ends what still runs."""
    for process in processes:
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)


class Checks:
    """Parts that are run one after the other, each with a line of a table."""

    def __init__(self):
        self.passed = []

    def check(self, name, run):
        """Runs one part; what it returns is shown beside its name."""
        began = time.monotonic()
        try:
            said, passed = run(), True
        except AssertionError as error:
            said, passed = str(error), False
        self.passed.append(passed)
        print(f"{name:<44} {'passed' if passed else 'FAILED':<7} {time.monotonic() - began:5.1f} s  {said}", flush=True)


class Daemon:
    """A daemon, started and killed."""

    def __init__(self, run, program, config, port):
        self.run, self.port, self.name = run, port, os.path.basename(program)
        self.command = [program, "serve", "--config", config]
        self.process = None
        self.starts = 0

    def start(self):
        self.starts += 1
        environment = os.environ | {"CREDENTIALS_DIRECTORY": str(self.run / "credentials")}
        self.process = subprocess.Popen(
            self.command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            stdout=open(self.run / f"log/{self.name}-{self.starts}.log", "w"))
        wait_until(self.is_up, f"{self.name} answers", 30)

    def is_up(self):
        assert self.process.poll() is None, f"{self.name} has ended: log/{self.name}-{self.starts}.log says why"
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        """The status and text of an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def kill(self):
        self.process.kill()
        self.process.wait(30)


def main(rig):
    """The status of a rig that is run by itself: 0 where everything holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--redis-socket", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    print(f"Seed {options.seed}", flush=True)
    # So that what was started is ended in that case, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return 0 if rig(options).everything() else 1
