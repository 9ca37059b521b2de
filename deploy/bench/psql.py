"""psql and pgbench on a rig's server, whose PG… variables are set."""

import re
import subprocess
import sys


def psql(*arguments):
    return ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *map(str, arguments)]


def value(sql):
    return output(psql("-c", sql)).strip()


def output(command, stdin=subprocess.DEVNULL):
    """What a program printed; ends everything where it failed."""
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, stdin=stdin)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout


def pgbench(program, script, clients, seconds, **variables):
    """Transactions a second of a script, none of which may fail."""
    settings = [word for name, text in variables.items() for word in ("-D", f"{name}={text}")]
    said = output(
        [program, "-n", "-M", "prepared", "-c", clients, "-j", "2", "-T", max(1, round(seconds)), "-f", script, *settings])
    if "failed transactions: 0 " not in said:
        sys.exit(f"pgbench: {said}")
    return float(re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)[1])


class Session:
    """One psql that stays: for a statement many times a second."""

    def __init__(self):
        self.process = subprocess.Popen(psql(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)

    def value(self, sql):
        """The one value of a query."""
        self.process.stdin.write(sql + ";\n")
        self.process.stdin.flush()
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"psql has ended at: {sql}")
        return line.rstrip("\n")
