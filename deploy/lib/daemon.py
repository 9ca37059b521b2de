"""A daemon of a rig: one process that is killed and started again."""

import os
import signal
import subprocess
import urllib.error
import urllib.request

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
