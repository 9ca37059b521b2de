"""Questions to the database of a rig, whose PG… variables are set."""

import subprocess

from waiting import RigError


def sql(text: str, rows: str | None = None) -> str:
    """What the database answers, as psql prints it; `rows` are what a COPY reads."""
    done = tried(text, rows)
    if done.returncode != 0:
        raise RigError(f"{text[:500]}\n{done.stderr}")
    return done.stdout.strip()


def tried(text: str, rows: str | None = None) -> "subprocess.CompletedProcess[str]":
    """A statement that may fail."""
    words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]
    # A long one comes by standard input, unless that has the rows.
    if rows is None:
        return subprocess.run(words, text=True, capture_output=True, input=text)
    return subprocess.run([*words, "-c", text], text=True, capture_output=True, input=rows)
