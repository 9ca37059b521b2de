"""What the clients of the load have in common."""

import threading

from waiting import RigError


class Worker(threading.Thread):
    """Does something again and again until it is told to stop, and then ends what it has begun."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.failure: Exception | None = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step()
            self.finish()
        except Exception as failure:
            self.failure = failure

    def step(self):
        raise NotImplementedError

    def finish(self):
        pass

    def check(self):
        if self.failure:
            raise RigError(f"{type(self).__name__}: {self.failure}") from self.failure

    def end(self, seconds: float = 300):
        self.stopping.set()
        self.join(seconds)
        self.check()
        if self.is_alive():
            raise RigError(f"{type(self).__name__} does not end")
