"""Daemons of the built release on a rig's servers, started for a benchmark and ended with it."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

CONFIG = Path(__file__).resolve().parents[1] / "config"
UNITS = Path(__file__).resolve().parents[2] / "systemd"


class Daemons:
    def __init__(self, options, **variables):
        self.bin = options.bin
        self.log = options.run / "log"
        self.running = {}
        self.environment = os.environ | variables | {
            "WARP_POSTGRES_HOST": os.environ["PGHOST"], "WARP_POSTGRES_PORT": os.environ["PGPORT"],
            "WARP_POSTGRES_DATABASE": os.environ["PGDATABASE"], "WARP_REDIS_SOCKET": options.redis,
            "WARP_SPOOL_DIRECTORY": str(options.run / "spool"),
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.stop(name)

    def run(self, program, *arguments, config=None, **variables):
        """What a command of a program printed, with the configuration of that daemon; ends everything where it failed."""
        command = [str(word) for word in self.command(program, *arguments, config=config)]
        done = subprocess.run(command, env=self.environment | variables, text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"{program} {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout.strip()

    def run_measured(self, program, *arguments):
        """The most memory that a command had resident, in bytes; ends everything where it failed."""
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [str(word) for word in self.command(program, *arguments)], env=self.environment, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                said.seek(0)
                sys.exit(f"{program} {' '.join(map(str, arguments))}: {said.read().decode()}")
            return usage.ru_maxrss * 1024

    def serve(self, program, port):
        """Starts a daemon and waits until it is ready."""
        self.start(program, self.command(program, "serve"), port)

    def start(self, name, command, port):
        """Starts a server and waits until it answers."""
        with open(self.log / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command], env=self.environment | arenas(name) | {"WARP_HTTP_PORT": str(port)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.running[name] = process
        deadline = time.monotonic() + 300
        while not is_ready(f"http://127.0.0.1:{port}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{name} does not start: {(self.log / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, name):
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def memory(self, name, field):
        """A figure of a daemon's memory, in bytes: VmHWM is the most it ever had, VmRSS what it has now."""
        status = Path(f"/proc/{self.running[name].pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024

    def command(self, program, *arguments, config=None):
        return [self.bin / program, *arguments, "--config", CONFIG / f"{config or program}.yaml"]


def arenas(name):
    """What a daemon's unit says of its memory, so that it is measured as it runs in production."""
    text = "\n".join(unit.read_text() for unit in UNITS.glob(f"warp-{name}*.service"))
    found = re.findall(r"^Environment=(MALLOC_.*)", text, re.MULTILINE)
    return dict(setting.split("=", 1) for setting in found)


def is_ready(url):
    """Whether a server takes requests; those of billing-bench know no /readyz, and say that."""
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except HTTPError as error:
        return error.code == 404
    except OSError:
        return False
