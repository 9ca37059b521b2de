"""The running stack as the demo sees it: its addresses, its database, its programs, its clock."""

import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORLD = ROOT / "Tests" / "Fixtures" / "tutorial"


class CommandFailed(Exception):
    pass


class Stack:
    """Reads `.run/env`, which deploy/dev/up wrote."""

    def __init__(self, run_directory):
        self.run = Path(run_directory)
        self.env = dict(os.environ)
        for line in (self.run / "env").read_text().splitlines():
            match = re.fullmatch(r"export (.*)", line)
            if match:
                for name, value in re.findall(r"(\w+)=(\S+)", match.group(1)):
                    self.env[name] = value

    def address(self, name):
        return self.env[f"BILLING_{name}_URL"]

    def program(self, daemon, *arguments, config=True):
        """Runs a command of a daemon as its operator would, and returns what it printed."""
        command = [f"{self.env['BILLING_BIN']}/{daemon}", *map(str, arguments)]
        if config:
            command += ["--config", f"{self.env['BILLING_CONFIG']}/{daemon}.yaml"]
        environment = self.env | {"CREDENTIALS_DIRECTORY": str(self.run / "credentials" / daemon)}
        done = subprocess.run(command, env=environment, text=True, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def rows(self, sql):
        """The rows of a query as dictionaries; numbers keep their digits."""
        text = f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) AS t"
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], env=self.env, text=True, capture_output=True,
            stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise CommandFailed(f"{sql}\n{done.stderr}")
        return json.loads(done.stdout, parse_float=Decimal)

    def value(self, sql):
        """The one value of a query."""
        return next(iter(self.rows(sql)[0].values()))

    def set_clock(self, instant):
        """Moves every daemon's clock: it runs on from this instant."""
        new = self.run / "clock.new"
        new.write_text(instant + "\n")
        new.rename(self.run / "clock")


def world_file(name):
    return WORLD / name


def world_json(name):
    return json.loads(world_file(name).read_text(), parse_float=Decimal)


def world_lines(name):
    return [json.loads(line) for line in world_file(name).read_text().splitlines() if line.strip()]
