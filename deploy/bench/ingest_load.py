"""The load: wrk with bodies of its own making."""

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent / "load"


class Answered(NamedTuple):
    """What came of a load; its first two values are the figure."""
    rate: float
    p99_ms: float
    records: int

    def __iter__(self):
        return iter((self.rate, self.p99_ms))


class Load:
    def __init__(self, run, token, seconds):
        # Yesterday: its partition exists, and no clock calls it the future.
        self.day = f"{datetime.now(timezone.utc) - timedelta(days=1):%Y-%m-%d}"
        self.call = run / "call.json"
        self.call.write_text((HERE / "call.json").read_text().replace("@DAY@", self.day))
        self.token = token
        self.seconds = seconds

    def post(self, url, name, connections, batch):
        """Sends for a while; a refusal or a broken connection spoils the figure."""
        done = subprocess.run(
            ["wrk", "-t", "2", "-c", str(connections), "-d", f"{self.seconds:g}s", "--timeout", "10s", "-s", HERE / "post.lua",
             url, "--", self.call, self.token, name, str(batch)],
            text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"wrk: {done.stdout}{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        if said["refused"] or said["broken"] or not said["requests"]:
            sys.exit(f"{name}: not every request was answered 202: {said}")
        records = said["requests"] * batch
        return Answered(records / said["seconds"], said["p99_ms"], records)
