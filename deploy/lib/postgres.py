"""The PostgreSQL of a rig: how it is taken away and brought back."""

import os
import signal
import subprocess
from pathlib import Path

from waiting import RigError


class Postgres:
    def __init__(self, home, programs):
        self.data, self.log = home / "postgres", home / "postgres.log"
        # It refuses to run as root; see deploy/lib/servers.sh.
        self.control = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.control += [f"{programs}/pg_ctl", "-D", str(self.data), "-w", "-t", "60"]
        self.stopped = []

    def stop(self):
        run(self.control + ["-m", "immediate", "stop"], cwd="/")

    def start(self):
        # Its output goes to its log; a pipe would stay open with it.
        with open(os.devnull, "wb") as nowhere:
            done = subprocess.run(
                self.control + ["-l", str(self.log), "start"], cwd="/", stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere)
        if done.returncode != 0:
            raise RigError(f"PostgreSQL does not start: {self.log.read_text(errors='replace')[-2000:]}")

    def freeze(self):
        """Stops the postmaster first, so that it starts no more, and then all that it started."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)
        self.stopped = [postmaster] + children(postmaster)
        for process in self.stopped[1:]:
            signal_if_there(process, signal.SIGSTOP)

    def thaw(self):
        for process in reversed(self.stopped):
            signal_if_there(process, signal.SIGCONT)
        self.stopped = []

    def query(self, sql):
        """Rows of words."""
        said = run(["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        return [line.split("\t") for line in said.splitlines()]


def run(command, **options):
    done = subprocess.run(
        [str(word) for word in command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        **options)
    if done.returncode != 0:
        raise RigError(f"{' '.join(map(str, command))}: {done.stdout}")
    return done.stdout


def children(parent):
    """Those processes that a process started."""
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            words = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == parent:
            found.append(int(directory.name))
    return found


def signal_if_there(process, what):
    try:
        os.kill(process, what)
    except ProcessLookupError:
        pass
