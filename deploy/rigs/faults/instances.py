"""The instances of cdr-ingest, and the small disk on which their spools lie."""

import errno
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from waiting import RigError, wait_until


class Disk:
    """A tmpfs in a mount namespace of its own, which goes with the rig; an ordinary user gets a user namespace with it."""

    SIZE = "64m"

    def __init__(self, path):
        path.mkdir(exist_ok=True)
        is_root = os.geteuid() == 0
        script = f'mount -t tmpfs -o size={self.SIZE},mode=700 warp-spool "$1" && echo mounted && exec cat'
        self.holder = subprocess.Popen(
            ["unshare", "-m" if is_root else "-rm", "sh", "-c", script, "sh", str(path)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline().strip() != "mounted":
            raise RigError("no tmpfs can be mounted here: that needs root, or user namespaces")
        self.inside = ["nsenter", "-t", str(self.holder.pid), "-m", *([] if is_root else ["-U", "--preserve-credentials"]), "--"]
        self.seen = Path(f"/proc/{self.holder.pid}/root{path}")
        self.spool = path / "spool"

    def fill(self, spare):
        """Leaves about so many bytes free, or less: the spools grow meanwhile."""
        with open(self.seen / "ballast", "wb") as file:
            while (free := free_bytes(self.seen)) > 0:
                try:
                    os.posix_fallocate(file.fileno(), 0, max(4096, free - spare))
                    return
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def clear(self):
        (self.seen / "ballast").unlink(missing_ok=True)

    def left(self, instance="*"):
        """Whatever holds records: what waits, what was set aside, and copies of damage."""
        return sorted(
            f"{file.parent.name}/{file.name}" for pattern in ("*.spool", "*.aside", "*.damage-*")
            for file in self.seen.glob(f"spool/{instance}/{pattern}"))

    def release(self):
        self.holder.stdin.close()
        self.holder.wait(20)


def free_bytes(path):
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize


class Instance:
    def __init__(self, number, port, program, config, disk, log):
        self.name, self.port, self.disk, self.log = str(number), port, disk, log
        self.command = disk.inside + [str(program), "serve", "--config", str(config)]
        self.environment = os.environ | {
            "WARP_INSTANCE": self.name, "WARP_HTTP_PORT": str(port), "WARP_SPOOL_DIRECTORY": str(disk.spool)}
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, f"instance {self.name}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def answers(self):
        if self.process.poll() is not None:
            raise RigError(f"instance {self.name} ended with {self.process.returncode}; its log is {self.log}")
        try:
            return self.read("/metrics") != ""
        except OSError as failure:
            return str(failure)

    def spool_bytes(self):
        found = re.search(r"^warp_ingest_spool_bytes (\S+)", self.read("/metrics"), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def readiness(self):
        """What /readyz says."""
        try:
            return self.read("/readyz")
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def read(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        """Ends it as its supervisor would."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
