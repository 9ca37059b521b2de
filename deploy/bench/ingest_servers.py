"""cdr-ingest as in production, and the two HTTP servers of billing-bench that it is measured against."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

CONFIG = Path(__file__).resolve().parents[1] / "config" / "cdr-ingest.yaml"


class Servers:
    def __init__(self, options):
        self.log = options.run / "log"
        self.running = []
        self.environment = os.environ | {
            "WARP_POSTGRES_HOST": os.environ["PGHOST"], "WARP_POSTGRES_PORT": os.environ["PGPORT"],
            "WARP_POSTGRES_DATABASE": os.environ["PGDATABASE"], "WARP_REDIS_SOCKET": options.redis,
            "WARP_SPOOL_DIRECTORY": str(options.run / "spool"), "WARP_HTTP_PORT": str(options.port),
        }
        daemon, bench = options.bin / "cdr-ingest", options.bin / "billing-bench"
        self.token = subprocess.run(
            [daemon, "sources", "add", "bench", "--config", CONFIG], env=self.environment, text=True, stdout=subprocess.PIPE,
            check=True).stdout.strip()
        self.commands = [
            ("cdr-ingest", [daemon, "serve", "--config", CONFIG], options.port),
            ("ceiling", [bench, "ingest-ceiling", "--port", options.port + 1, "--token", self.token], options.port + 1),
            ("plain", [bench, "ingest-ceiling", "--plain", "--port", options.port + 2], options.port + 2),
        ]
        self.door, self.ceiling, self.plain = (
            f"http://127.0.0.1:{port}/ingest/v1/records" for _, _, port in self.commands)

    def __enter__(self):
        try:
            for name, command, port in self.commands:
                self.start(name, command, port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name, command, port):
        """Starts a server and waits until it answers."""
        with open(self.log / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.running.append(process)
        deadline = time.monotonic() + 30
        while not is_ready(f"http://127.0.0.1:{port}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{name} does not start: {(self.log / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def memory(self, field):
        """A figure of cdr-ingest's memory, in bytes: VmHWM is the most it ever had, VmRSS what it has now."""
        status = Path(f"/proc/{self.running[0].pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024


def is_ready(url):
    """Whether a server takes requests; those of billing-bench know no /readyz, and say that."""
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except HTTPError as error:
        return error.code == 404
    except OSError:
        return False
