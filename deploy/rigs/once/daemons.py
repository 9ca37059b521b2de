"""The daemons of the rig, and who kills them."""

import os
import random
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter

from waiting import RigError, wait_until


class Daemon:
    def __init__(self, name, number, port, program, config, log, **environment):
        self.name, self.port, self.log = f"{name}@{number}", port, log
        self.command = [str(program), "serve", "--config", str(config)]
        self.environment = os.environ | {"WARP_INSTANCE": str(number), "WARP_HTTP_PORT": str(port)} | environment
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_ready(self):
        wait_until(self.is_ready, self.name)

    def is_ready(self):
        self.check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                return True
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError as failure:
            return str(failure)

    def check(self):
        if self.process.poll() is not None:
            raise RigError(f"{self.name} ended with {self.process.returncode}; its log is {self.log}")

    def kill(self):
        self.check()
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Killer(threading.Thread):
    """Kills a poller with SIGKILL at a random moment and starts it again at once; half of the kills wait for a write that is open."""

    def __init__(self, pollers, cutter, repeater, kills, seed):
        super().__init__(daemon=True)
        self.pollers, self.cutter, self.repeater, self.kills = pollers, cutter, repeater, kills
        self.random = random.Random(seed)
        self.done, self.hit = Counter(), 0
        self.stopping = threading.Event()
        self.failure = None

    @property
    def share(self):
        return sum(self.done.values()) / self.kills if self.kills else 1

    def run(self):
        try:
            flush_every = max(2, self.kills // 6)
            while sum(self.done.values()) < self.kills and not self.stopping.is_set():
                time.sleep(self.random.uniform(0.2, 1.4))
                victim = self.random.choice(self.pollers)
                if self.random.random() < 0.5:
                    self.wait_for_a_write(victim)
                self.hit += self.cutter.writing[victim.process.pid] > 0
                victim.kill()
                victim.start()
                self.done[victim.name] += 1
                if sum(self.done.values()) % flush_every == 0:
                    self.repeater.flush_wanted.set()
        except (RigError, OSError) as failure:
            self.failure = failure

    def wait_for_a_write(self, victim):
        deadline = time.monotonic() + 1
        while not self.cutter.writing[victim.process.pid] and time.monotonic() < deadline:
            time.sleep(0.0005)
