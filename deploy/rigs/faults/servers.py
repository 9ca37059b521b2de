"""The Redis of the rig: how it is taken away and brought back."""

import os
import signal
import subprocess
from pathlib import Path

from postgres import run
from waiting import wait_until


class Redis:
    def __init__(self, home):
        self.socket, self.config, self.pid_file = home / "redis.sock", home / "redis" / "redis.conf", home / "redis" / "redis.pid"

    def kill(self):
        process = int(self.pid_file.read_text())
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{process}").exists(), "Redis to be gone")

    def start(self):
        run(["redis-server", self.config])
        wait_until(self.answers, "Redis")

    def answers(self):
        return "PONG" in self.say("PING") or "it does not answer"

    def length(self, kind, key):
        return int(self.say("LLEN" if kind == "list" else "XLEN", key) or 0)

    def say(self, *words):
        return subprocess.run(
            ["redis-cli", "-s", str(self.socket), *words], text=True, stdin=subprocess.DEVNULL, capture_output=True).stdout
