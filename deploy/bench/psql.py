"""psql on a rig's server, whose PG… variables are set."""

import subprocess
import sys


def psql(*arguments):
    return ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *map(str, arguments)]


def value(sql):
    return output(psql("-c", sql)).strip()


def output(command, stdin=subprocess.DEVNULL):
    """What a program printed; ends everything where it failed."""
    done = subprocess.run(command, text=True, capture_output=True, stdin=stdin)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout
