"""The programs that the rig runs: each is started here, has a log of its own, and is ended here."""

import os
import signal
import subprocess


class Processes:
    """What runs, in the order in which it was started; ended in the opposite order."""

    def __init__(self, run):
        self.run = run
        self.running = []

    def start(self, name, command, environment=None, directory=None):
        """Starts a program in a process group of its own, with its output in a log."""
        with open(self.run / "log" / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command], env=os.environ | (environment or {}), cwd=directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.running.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM, seconds=20):
        """Ends a program and whatever it started."""
        if process in self.running:
            self.running.remove(process)
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def stop_all(self):
        for process in reversed(list(self.running)):
            self.stop(process)

    def log_end(self, name, lines=20):
        """The end of a program's log."""
        path = self.run / "log" / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
